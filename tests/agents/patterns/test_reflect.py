"""Reflection mends what one attempt does not, learns lessons, and starts the next run with them."""

import json
from pathlib import Path

import pytest

from agents import KeywordMemory, Reflect, VectorMemory
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def even(text: str) -> str | None:
    return None if text.isdigit() and int(text) % 2 == 0 else "not an even number"


RULES = (
    says("what to do differently", "Write digits, and let them be even."),
    says("Lessons of earlier attempts", "42"),
    says("a number", "seven"),
)


async def test_a_failed_trial_is_followed_by_one_that_knows_the_lesson(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES) as it:
        result = await it.agent(pattern=Reflect(check=even)).arun("a number")
    assert (result.status, result.output) == ("completed", "42")
    assert [event.body["text"] for event in result.events if event.kind == "reflection"] == ["not an even number"]


async def test_the_next_run_starts_with_the_lesson_of_the_last(tmp_path: Path) -> None:
    with KeywordMemory(tmp_path / "memory.sqlite") as memory:
        async with scene(tmp_path, *RULES) as it:
            agent = it.agent(pattern=Reflect(check=even, memory=memory))
            first = await agent.arun("a number please")
            second = await agent.arun("a number please")
    assert (first.usage.steps, second.usage.steps) == (3, 1)
    assert second.output == "42"
    assert any(
        "let them be even" in lesson
        for event in second.events
        if event.kind == "recalled"
        for lesson in event.body["lessons"]
    )


async def test_a_memory_that_stood_in_is_told(tmp_path: Path) -> None:
    async def embed(_: str) -> list[float]:
        raise TimeoutError

    with KeywordMemory(tmp_path / "memory.sqlite") as words:
        await words.add("a number please: let them be even")
        async with scene(tmp_path, *RULES) as it:
            result = await it.agent(pattern=Reflect(check=even, memory=VectorMemory(words, embed))).arun(
                "a number please"
            )
    assert (result.output, result.degraded) == ("42", ("memory: keyword",))


async def test_without_a_check_the_model_judges_and_mends_its_draft(tmp_path: Path) -> None:
    rules = (
        says(r"Answer:\nseven", json.dumps({"right": False, "mend": "use digits"})),
        says(r"Answer:\n7", json.dumps({"right": True})),
        says("What to mend: use digits", "7"),
        says("a number", "seven"),
    )
    async with scene(tmp_path, *rules) as it:
        result = await it.agent(pattern=Reflect()).arun("a number")
    assert (result.status, result.output, result.usage.steps) == ("completed", "7", 4)


async def test_what_is_still_wrong_after_its_rounds_is_no_success_but_is_not_lost(tmp_path: Path) -> None:
    async with scene(tmp_path, says("differently", "hm"), says("", calls("look"), "seven")) as it:
        result = await it.agent(tools=[look], pattern=Reflect(rounds=1, check=even)).arun("a number")
    assert (result.status, result.stop, result.partial) == ("stopped", "invalid_output", "seven")


def look() -> str:
    """Look."""
    return "nothing"
