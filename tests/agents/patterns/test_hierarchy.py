"""Hierarchies: delegations are child runs, three levels deep, within what their parents have left."""

from pathlib import Path

import pytest

from agents import Agent, Budget, Hierarchy, tool
from tests.agents.scene import Scene, calls, says, scene

pytestmark = pytest.mark.anyio

RULES = (
    says("^hire Ann$", calls("ask_it", task="laptop for Ann"), "Ann is hired."),
    says("^laptop for Ann$", calls("ask_stock", task="find a laptop"), "A laptop is ready."),
    says("^find a laptop$", calls("shelf", item="laptop"), "One is on the shelf."),
    says("^One is on the shelf.$", "-", "A laptop is ready."),
    says("laptop is ready", "-", "Ann is hired."),
    says("on shelf 3", "-", "One is on the shelf."),
    says("came this far", "-", "I could not."),
)


def shelf(item: str) -> str:
    """Find an item."""
    return f"{item} is on shelf 3"


def tree(it: Scene, shelf_tool: object = shelf) -> Agent:
    stock = it.agent("stock", tools=[shelf_tool], instructions="Knows what is in stock.")
    it_desk = it.agent("it", pattern=Hierarchy([stock]), instructions="Gives out machines.")
    return it.agent("head", pattern=Hierarchy([it_desk]))


async def test_a_head_asks_a_supervisor_who_asks_a_worker(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES) as it:
        result = await tree(it).arun("hire Ann")
        used = result.account["used"]
    assert (result.status, result.output) == ("completed", "Ann is hired.")
    assert (used["agents"], used["steps"], result.usage.steps) == (2, 6, 2)


async def test_a_worker_that_overspends_is_stopped_by_its_parents_remainder(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES) as it:
        result = await tree(it).arun("hire Ann", budget=Budget(steps=3))
    assert (result.status, result.stop) == ("stopped", "steps")
    assert "came this far" in str(result.messages[-1]["content"])


async def test_a_worker_that_waits_for_a_person_lets_the_whole_tree_wait_and_go_on(tmp_path: Path) -> None:
    async with scene(tmp_path, *RULES) as it:
        head = tree(it, tool(shelf, approve=True))
        result = await head.arun("hire Ann")
        assert (result.status, [waits.name for waits in result.waiting]) == ("waiting", ["shelf"])
        before = it.requests()
        done = await head.aresume(result.run_id, answers={result.waiting[0].id: True})
        assert it.requests() == before + 3
    assert (done.status, done.output) == ("completed", "Ann is hired.")


def test_two_workers_of_one_name_cannot_be_told_apart() -> None:
    one = Agent("one", model="m")
    with pytest.raises(ValueError, match="one name"):
        Hierarchy([one, one])


async def test_a_supervisor_thinks_aloud_and_has_a_bound_of_its_own(tmp_path: Path) -> None:
    asks = says("^hire$", calls("ask_it", task="x", said="I ask."), "-")
    async with scene(tmp_path, asks, says("", "ok", calls("ask_it", task="y"))) as it:
        result = await it.agent("head", pattern=Hierarchy([it.agent("it")], steps_max=1)).arun("hire")
    assert (result.status, result.stop) == ("stopped", "steps")
    assert [event.body["text"] for event in result.events if event.kind == "thought"] == ["I ask."]


async def test_what_no_worker_can_read_is_answered_not_delegated(tmp_path: Path) -> None:
    wrong = calls("ask_it", job="x")
    async with scene(tmp_path, says("", wrong, "I give up.")) as it:
        result = await it.agent("head", pattern=Hierarchy([it.agent("it")])).arun("hire")
    assert (result.status, result.children) == ("completed", ())
