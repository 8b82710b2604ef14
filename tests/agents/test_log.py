"""The log: append-only, fenced, readable by its owner only."""

import asyncio
import stat
from pathlib import Path

import pytest

from agents import Event, Log
from agents.store import RunTaken

pytestmark = pytest.mark.anyio


def event(seq: int, run: str = "r", kind: str = "note") -> Event:
    return Event(run, seq, seq, kind, {"n": seq})


async def test_what_was_appended_is_there_in_order_also_for_another_process(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log, Log(tmp_path / "log") as other:
        await asyncio.gather(*(log.append(event(seq)) for seq in range(1, 301)))
        assert [each.seq for each in other.events("r")] == list(range(1, 301))
        assert [each.seq for each in other.events("r", after=298)] == [299, 300]
        assert other.events("r")[0] == event(1)


async def test_the_second_to_take_a_place_fails_alone(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log, Log(tmp_path / "log") as other:
        await log.append(event(1))
        with pytest.raises(RunTaken):
            await other.append(event(1))
        await other.append(event(2))
        assert len(log.events("r")) == 2


async def test_an_event_that_was_handed_over_is_written_though_its_caller_left(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log:
        task = asyncio.ensure_future(log.append(event(1)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await log.append(event(2))
        assert len(log.events("r")) == 2


async def test_runs_are_listed_the_latest_first_and_keys_stand_apart(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log:
        await log.append(event(1, "old", "opened"))
        await log.append(Event("new", 1, 9, "opened"))
        await log.append(Event("new", 2, 10, "ended"))
        assert log.runs() == [("new", 9, "ended"), ("old", 1, "opened")]
        log.keep_key("new", "secret")
        assert (log.key("new"), log.key("old")) == ("secret", None)
        assert "secret" not in str(log.events("new"))
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) & 0o077 == 0
