"""What a person sees."""

from pathlib import Path

import pytest

from agents import Swarm
from agents.progress import Progress, account
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def look(at: str) -> str:
    """Look."""
    return at * 80


async def test_each_step_is_a_line_and_the_account_adds_up(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("look", at="ab", said="hm"), calls("look"), "done")) as it:
        result = await it.agent(tools=[look]).arun("go")
    progress = Progress()
    lines = [line for event in result.events if (line := progress.line(event))]
    assert lines[0].startswith(f"run {result.run_id}: react on m")
    assert any(line.startswith("step 1  act") and "left: tokens=" in line for line in lines)
    assert any(line.startswith("  look: ababab") and line.endswith("…") for line in lines)
    assert any(line == "  thought: hm" for line in lines)
    assert (progress.steps, progress.tokens, progress.usd) == (
        result.usage.steps,
        result.usage.tokens,
        result.usage.usd,
    )
    told = "\n".join(account(result))
    assert f"{result.usage.tokens:,} tokens" in told
    assert "tools     look" in told


async def test_a_run_that_waits_or_has_children_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "a")) as it:
        swarm = it.agent("s", pattern=Swarm([it.agent("one"), it.agent("two", model="none")], vote="majority"))
        told = "\n".join(account(await swarm.arun("go")))
    assert told.startswith("waiting (approval): the vote has no winner")
    assert "children  2" in told
    assert "waits     tie-" in told
