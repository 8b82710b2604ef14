"""One process at a time is on duty; whoever is gone is succeeded, and whoever cannot ask is not on duty."""

from pathlib import Path

import psycopg
import pytest

from gateway.duty import Duty, always
from limits.clock import SystemClock
from tests.gateway.operator import opened, write_config
from tests.gateway.shared import houses
from tests.servers.live import Postgres


async def test_a_process_that_shares_nothing_is_always_on_duty(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        duty = Duty(operator.house.book)
        await duty.start()
        assert duty()
        await duty.stop()
        assert always()


async def test_one_is_on_duty_until_it_leaves_or_is_silent_for_too_long(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with houses(tmp_path, postgres, monkeypatch, SystemClock()) as (one, other):
        first, second = Duty(one.book), Duty(other.book)
        await first.start()
        await second.start()
        assert (first(), second()) == (True, False)
        await first.stop()
        await second.ask()
        assert second()
        await one.book.change([("UPDATE state_duty SET until = clock_timestamp() - interval '1 second'", ())])
        await first.ask()
        await second.ask()
        assert (first(), second()) == (True, False)
        await second.stop()


async def test_whoever_cannot_ask_is_not_on_duty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, SystemClock()) as (one, _):
        duty = Duty(one.book)
        await duty.start()
        assert duty()
        server.kill()
        await duty.ask()
        assert not duty()
        await duty.stop()
        server.start()


def test_a_server_that_does_not_tell_the_holder_is_an_error_of_the_book(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with houses(tmp_path, postgres, monkeypatch, SystemClock()) as (one, _):
        one.book.change_now([("DROP TABLE state_duty", ())])
        with pytest.raises(Exception, match="does not answer") as refused:
            Duty(one.book)._holder()
        assert isinstance(refused.value.__cause__, psycopg.Error)
