"""A question to a person is noted once."""

from pathlib import Path

import pytest

from agents import Budget
from agents.runner import Runner
from agents.seat import Question
from tests.agents.scene import scene

pytestmark = pytest.mark.anyio


async def test_the_same_question_is_one_event(tmp_path: Path) -> None:
    async with scene(tmp_path) as it, Runner(it.gateway, it.log) as runner:
        run = await runner.open(it.agent(), "the task", Budget())
        for _ in range(2):
            await run.seat.wait(Question("k", "id", "f", "{}", "why"))
        assert [event.kind for event in run.state.events] == ["opened", "waiting"]
        assert run.seat.task == run.task == "the task"
