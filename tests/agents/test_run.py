"""A run's places: each step has one, and what was asked outside is asked once."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents import Note
from agents.event import answer
from agents.run import Run
from tests.agents.scene import says, scene

pytestmark = pytest.mark.anyio


class Places:
    """Takes one place twice, after asking outside."""

    name = "places"

    def __init__(self, asked: list[int]) -> None:
        self.asked = asked

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        async def outside() -> int:
            self.asked.append(1)
            return 7

        value = await run.once("outside", outside)
        run.talk("a")
        with pytest.raises(ValueError, match="'a' is taken"):
            run.talk("a")
        chosen = await run.choose("colour", "which?", ["red", "blue"])
        yield answer(f"{value} {chosen}")


@pytest.mark.parametrize(("option", "status"), [("blue", "completed"), ("green", "stopped")])
async def test_a_person_chooses_one_of_the_options(tmp_path: Path, option: str, status: str) -> None:
    asked: list[int] = []
    async with scene(tmp_path, says("", "x")) as it:
        agent = it.agent(pattern=Places(asked))
        result = await agent.arun("go")
        assert (result.status, result.waiting[0].arguments) == ("waiting", '{"options": ["red", "blue"]}')
        done = await agent.aresume(result.run_id, answers={result.waiting[0].id: option})
    assert (done.status, asked) == (status, [1])
    assert done.output == ("7 blue" if status == "completed" else None)
