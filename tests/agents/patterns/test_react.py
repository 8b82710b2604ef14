"""ReAct through a real gateway."""

from pathlib import Path

import pytest

from agents import Budget, ReAct
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def lookup(order: int) -> dict[str, object]:
    """Look an order up."""
    return {"order": order, "paid": True}


async def test_it_thinks_acts_observes_and_answers(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("lookup", order=7, said="I look it up."), "It is paid.")) as it:
        result = await it.agent(tools=[lookup]).arun("Is 7 paid?")
    assert (result.status, result.stop, result.output) == ("completed", None, "It is paid.")
    assert [event.kind for event in result.events] == [
        *("opened", "asked", "answered", "thought", "called", "returned", "asked", "answered", "answer", "ended")
    ]
    assert (result.usage.steps, result.usage.tool_calls) == (2, 1)
    assert result.messages[2] == {
        "role": "tool",
        "tool_call_id": result.messages[1]["tool_calls"][0]["id"],
        "content": '{"order":7,"paid":true}',
    }


async def test_a_run_out_of_steps_is_stopped_with_what_it_found(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", *(calls("lookup", order=n, said=f"so far {n}") for n in range(9)))) as it:
        result = await it.agent(tools=[lookup]).arun("go", budget=Budget(steps=3))
    assert (result.status, result.stop, result.output) == ("stopped", "steps", None)
    assert result.partial == "so far 2"
    assert result.remaining["steps"] == 0


async def test_its_own_bound_holds_where_no_profile_sets_one(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", *(calls("lookup", order=n) for n in range(9)))) as it:
        result = await it.agent(tools=[lookup], pattern=ReAct(steps_max=2)).arun("go")
    assert (result.status, result.stop) == ("stopped", "steps")


async def test_pattern_and_phase_are_announced(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:
        await it.agent().arun("go")
        assert [record["phase"] for record in it.gate.records("intent")] == ["act"]
