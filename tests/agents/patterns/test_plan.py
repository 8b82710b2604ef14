"""Plan and execute: the plan is checked before anything runs, then steps run side by side, and plans are mended."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from agents import Budget, PlanExecute
from agents.endings import Ending
from agents.event import Note, answer
from agents.patterns.plan import Plan
from agents.run import Run
from agents.runner import Runner
from agents.scripted import Rule
from tests.agents.scene import calls, plan, says, scene

pytestmark = pytest.mark.anyio


class Shop:
    """Tools that note what ran together."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.broken = 0

    async def price(self, item: str) -> str:
        """Tell a price."""
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.25)  # long enough for the other to come in on a busy machine
        self.now -= 1
        return f"{item}: 3"

    async def flaky(self, item: str) -> str:
        """Fail."""
        self.broken += 1
        raise RuntimeError(item)


THREE = plan(("a", "price of tea", "price", []), ("b", "price of milk", "price", []), ("c", "add", None, ["a", "b"]))


def rules(first: str = THREE) -> tuple[Rule, ...]:
    return (
        says("Make a plan", first),
        says("price of tea", calls("price", item="tea")),
        says("price of milk", calls("price", item="milk")),
        says("Step: add", "6"),
        says("Give the final answer", "Together 6."),
    )


async def test_independent_steps_run_side_by_side_and_the_answer_comes_last(tmp_path: Path) -> None:
    shop = Shop()
    async with scene(tmp_path, *rules()) as it:
        result = await it.agent(tools=[shop.price], pattern=PlanExecute()).arun("sum")
        phases = [record["phase"] for record in it.gate.records("intent")]
    assert (result.status, result.output) == ("completed", "Together 6.")
    assert shop.most == 2
    assert phases == ["plan", "act", "act", "act", "answer"]


async def test_the_gateway_lets_only_the_plan_s_tools_pass_and_a_new_plan_s_after_it(tmp_path: Path) -> None:
    shop = Shop()
    first = plan(("a", "price of tea", "price", []), ("x", "try it", "flaky", ["a"]))
    async with scene(
        tmp_path,
        says("Make a new plan", plan(("b", "price of milk", "price", []))),
        says("try it", calls("flaky", item="x")),
        *rules(first),
    ) as it:
        result = await it.agent(tools=[shop.price, shop.flaky], pattern=PlanExecute()).arun("sum")
        planned = (await it.gateway.run(result.run_id))["plan"]
        changes = [record["change"] for record in it.gate.records("admin") if "plan" in record["change"]["object"]]
    assert (result.status, planned) == ("completed", ["price"])
    assert [change["new"] for change in changes] == [["flaky", "price"], ["price"]]


class Wild(PlanExecute):
    """Announces a plan, and then offers its model tools that the plan does not have."""

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        await run.plan("first", ["price"])
        talk = run.talk()
        yield answer((await talk.ask("act")).text)


async def test_what_is_not_in_the_plan_the_gateway_lets_no_model_call(tmp_path: Path) -> None:
    shop = Shop()
    async with scene(tmp_path, says("sum", calls("flaky", item="x"))) as it:
        result = await it.agent(tools=[shop.price, shop.flaky], pattern=Wild()).arun("sum")
        told = [tool for record in it.gate.records("outcome") for tool in record.get("tools", ())]
    assert (result.status, shop.broken) == ("completed", 0)
    assert "the run's list of tools (plan) does not name flaky" in str(result.output)
    assert [(tool["name"], tool["decision"]) for tool in told] == [("flaky", "refused")]


async def test_a_plan_for_a_run_that_ended_ends_it_here(tmp_path: Path) -> None:
    async with scene(tmp_path, *rules()) as it:
        runner = Runner(it.gateway, it.log)
        async with runner:
            run = await runner.open(it.agent(), "sum", Budget())
            await it.gateway.cancel(run.id)
            with pytest.raises(Ending, match="has ended"):
                await run.plan("first", ["price"])


async def test_one_after_the_other_if_asked_to(tmp_path: Path) -> None:
    shop = Shop()
    async with scene(tmp_path, *rules()) as it:
        result = await it.agent(tools=[shop.price], pattern=PlanExecute(parallel=False)).arun("sum")
    assert (result.status, shop.most) == ("completed", 1)


async def test_a_plan_with_an_unknown_tool_is_corrected_before_anything_runs(tmp_path: Path) -> None:
    shop = Shop()
    bad = plan(("a", "price of tea", "prices", []))
    async with scene(
        tmp_path, says("there is no tool 'prices'", *[plan(("a", "price of tea", "price", []))] * 3), *rules(bad)
    ) as it:
        result = await it.agent(tools=[shop.price], pattern=PlanExecute()).arun("sum")
    assert result.status == "completed"
    assert [event.body["steps"][0]["tool"] for event in result.events if event.kind == "plan"] == ["price"]


async def test_after_three_new_plans_it_stops_with_what_was_done(tmp_path: Path) -> None:
    shop = Shop()
    first = plan(("a", "price of tea", "price", []), ("x", "try it", "flaky", ["a"]))
    again = [plan((f"x{n}", "try it", "flaky", [])) for n in range(6)]
    async with scene(
        tmp_path, says("Make a new plan", *again), says("try it", calls("flaky", item="x")), *rules(first)
    ) as it:
        result = await it.agent(tools=[shop.price, shop.flaky], pattern=PlanExecute()).arun("sum")
        used = result.account["used"]
    assert (result.status, result.stop) == ("stopped", "replans")
    assert "tea: 3" in result.partial
    assert used["replans"] == 3
    assert shop.broken == 4


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"id": "a", "goal": "g", "tool": "t"}], "no tool 't'"),
        ([{"id": "a", "goal": "g", "after": ["z"]}], "which is no step"),
        ([{"id": "a", "goal": "g"}, {"id": "a", "goal": "g"}], "stands twice"),
        ([{"id": "a", "goal": "g", "after": ["b"]}, {"id": "b", "goal": "g", "after": ["a"]}], "circle"),
        ([{"id": "a", "goal": "g", "tool": "price"}, {"id": "b", "goal": "g", "after": ["a", "old"]}], ""),
    ],
)
def test_a_plan_says_what_is_wrong_with_it(steps: list[dict[str, object]], says: str) -> None:
    wrong = Plan.model_validate({"steps": steps}).wrong({"price": 1}, {"old": "done"})
    assert says in wrong
    assert bool(wrong) == bool(says)
