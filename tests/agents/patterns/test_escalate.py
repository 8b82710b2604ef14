"""Escalation: a person is asked when the policy says so, and exactly what was shown is then done."""

from pathlib import Path

import pytest

from agents import Case, Escalate, PlanExecute, after_steps, on_tools
from agents.scripted import Reply
from tests.agents.scene import calls, plan, says, scene

pytestmark = pytest.mark.anyio


class Till:
    """Refunds that were made."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def refund(self, amount: int) -> str:
        """Pay money back."""
        self.made.append(amount)
        return f"paid {amount}"

    def look(self, at: int) -> str:
        """Look."""
        return f"saw {at}"


def risky(case: Case) -> bool:
    return case.tool == "refund"


async def test_after_three_reasoning_steps_a_risky_case_goes_to_a_person(tmp_path: Path) -> None:
    till = Till()
    turns = [*(calls("look", at=n) for n in range(3)), calls("refund", amount=50), Reply(text="Refunded.")]
    async with scene(tmp_path, says("", *turns)) as it:
        agent = it.agent(tools=[till.look, till.refund], pattern=Escalate(after_steps(3, risky)))
        result = await agent.arun("refund?")
        assert (result.status, result.stop, till.made) == ("waiting", "approval", [])
        (waits,) = result.waiting
        assert (waits.name, waits.arguments) == ("refund", '{"amount":50}')
        done = await agent.aresume(result.run_id, answers={waits.id: True})
    assert (done.status, done.output, till.made) == ("completed", "Refunded.", [50])


async def test_what_a_person_refuses_is_not_done_and_the_run_goes_on(tmp_path: Path) -> None:
    till = Till()
    async with scene(tmp_path, says("", calls("refund", amount=50), "As you wish.")) as it:
        agent = it.agent(tools=[till.refund], ask_human=on_tools("refund"))
        result = await agent.arun("refund?")
        done = await agent.aresume(result.run_id, answers={result.waiting[0].id: False})
    assert (done.output, till.made) == ("As you wish.", [])
    assert "a person refused" in str(done.messages[-2]["content"])


async def test_the_policy_holds_for_any_pattern(tmp_path: Path) -> None:
    till = Till()
    rules = (
        says("Make a plan", plan(("a", "pay", "refund", []))),
        says("Step: pay", calls("refund", amount=1)),
        says("final answer", "ok"),
    )
    async with scene(tmp_path, *rules) as it:
        agent = it.agent(tools=[till.refund], pattern=Escalate(on_tools("refund"), PlanExecute()))
        result = await agent.arun("refund?")
        assert (result.status, till.made) == ("waiting", [])
        done = await agent.aresume(result.run_id, answers={result.waiting[0].id: True})
    assert (done.status, till.made) == ("completed", [1])
