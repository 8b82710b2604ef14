"""A journal numbers, folds and writes; who follows it sees all of it."""

import asyncio
from pathlib import Path

import pytest

from agents.event import thought
from agents.journal import Journal
from agents.log import Log
from agents.state import fold
from tests.agents.turned import TurnedClock

pytestmark = pytest.mark.anyio


async def test_events_are_numbered_and_on_disk(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log:
        journal = Journal("r", log, TurnedClock())
        await journal.write("opened", task="t")
        journal.write_now("degraded", text="x")
        assert [(event.seq, event.kind) for event in log.events("r")] == [(1, "opened"), (2, "degraded")]


async def test_a_note_of_an_earlier_life_is_not_written_again(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log:
        first = Journal("r", log, TurnedClock())
        await first.write("opened", task="t")
        await first.note(thought("a"))
        second = Journal("r", log, TurnedClock(), fold(log.events("r")))
        await second.note(thought("a"))
        await second.note(thought("a"))
        assert [event.kind for event in log.events("r")] == ["opened", "thought", "thought"]


async def test_who_follows_sees_everything_and_ends_with_the_run(tmp_path: Path) -> None:
    with Log(tmp_path / "log") as log:
        journal = Journal("r", log, TurnedClock())

        async def follow() -> list[str]:
            return [event.kind async for event in journal.follow()]

        following = asyncio.ensure_future(follow())
        await journal.write("opened", task="t")
        await journal.write("ended", status="completed", stop=None, message="")
        assert await following == ["opened", "ended"]
