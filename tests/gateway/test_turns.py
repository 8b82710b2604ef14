"""Only one call at a time adds to a conversation, whichever process it comes to; nobody holds it for ever."""

from pathlib import Path

import pytest

from gateway.config.profiles import ProfileSettings
from gateway.errors import AuditUnavailable, InProgress
from gateway.papers import HOUSE, Key
from gateway.papers.profile import resolve
from gateway.turns import Turns
from limits.clock import SystemClock
from tests.gateway.operator import opened, write_config
from tests.gateway.shared import houses
from tests.servers.live import Postgres

SECRET = b"s" * 32
PROFILE = resolve(ProfileSettings.model_validate({"name": "default"}))
MINE, OTHERS = Key("k1", "a", HOUSE, PROFILE), Key("k2", "b", HOUSE, PROFILE)


def test_a_process_that_shares_nothing_keeps_turns_in_memory(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        turns = Turns(operator.house.book, SECRET)
        assert not turns.shared
        name = turns.take(MINE, "conv_1", "call_1")
        turns.take(OTHERS, "conv_1", "call_2")
        turns.take(MINE, "conv_2", "call_3")
        with pytest.raises(InProgress):
            turns.take(MINE, "conv_1", "call_4")
        assert turns.leave(name, "call_4") == []
        with pytest.raises(InProgress):
            turns.take(MINE, "conv_1", "call_4")
        turns.leave(name, "call_1")
        assert turns.take(MINE, "conv_1", "call_4") == name


async def test_processes_that_share_their_state_take_turns_and_the_dead_hold_nothing_for_long(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with houses(tmp_path, postgres, monkeypatch, SystemClock()) as (one, other):
        here, there = Turns(one.book, SECRET), Turns(other.book, SECRET)
        assert here.shared
        name = here.take(MINE, "conv_1", "call_1")
        await here.agree(name, "call_1", 30)
        assert there.take(MINE, "conv_1", "call_2") == name
        with pytest.raises(InProgress):
            await there.agree(name, "call_2", 30)
        await other.book.change(there.leave(name, "call_2"))
        with pytest.raises(InProgress):
            await there.agree(there.take(MINE, "conv_1", "call_3"), "call_3", 30)
        await other.book.change(there.leave(name, "call_3"))
        await one.book.change(here.leave(name, "call_1"))
        await there.agree(there.take(MINE, "conv_1", "call_4"), "call_4", 30)
        ((seconds,),) = one.book.query(
            "SELECT CAST(extract(epoch FROM until - clock_timestamp()) AS float8) FROM state_turn"
        )
        assert 60 < seconds <= 90
        await one.book.change([("UPDATE state_turn SET until = clock_timestamp() - interval '1 second'", ())])
        await here.agree(here.take(MINE, "conv_1", "call_5"), "call_5", 30)
        assert one.book.query("SELECT count(*) FROM state_turn") == [(1,)]


async def test_where_nobody_can_say_whose_turn_it_is_nobody_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, SystemClock()) as (one, _):
        turns = Turns(one.book, SECRET)
        name = turns.take(MINE, "conv_1", "call_1")
        server.kill()
        with pytest.raises(AuditUnavailable):
            await turns.agree(name, "call_1", 30)
        server.start()
