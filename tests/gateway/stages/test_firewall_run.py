"""Firewall over a declared run: what is counted when, without a socket."""

from typing import Any

import pytest

from gateway.call import Call
from gateway.config.profiles import ProfileSettings
from gateway.dialects.openai_chat import ChatReader
from gateway.errors import BudgetExceeded, UpstreamError
from gateway.papers import HOUSE, Run
from gateway.papers.profile import resolve
from gateway.stages.firewall import Firewall
from gateway.tools.schema import Schemas
from gateway.tools.trail import Trails
from limits.clock import SystemClock
from limits.runs import RunLimits
from limits.seam import LocalLedger
from tests.gateway.stages.exchange import call_for, taken

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


class House:
    """One run of at most `tool_calls` tool calls; `restart` forgets what is only in memory."""

    def __init__(self, tool_calls: int) -> None:
        self.ledger = LocalLedger(SystemClock())
        self.limits = RunLimits(tool_calls=tool_calls)
        self.run = Run(
            "r", HOUSE.id, "k", None, ("r",), self.limits, 0, 2**60, "open", resolve(ProfileSettings(name="default"))
        )
        self.restart()

    async def open(self) -> "House":
        await self.ledger.open_run("r", self.limits, 2**60, tenant="acme")
        return self

    def restart(self) -> None:
        self.firewall = Firewall(Schemas(), Trails(b"s" * 32), self.ledger)

    @property
    def counted(self) -> int:
        account = self.ledger.books.run("r")
        assert account is not None
        return account.counts[1]

    async def ask(self, history: int) -> Call:
        """Admit a call with so many earlier calls in its history."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": "x"}]
        for at in range(history):
            function = {"name": "find", "arguments": f'{{"q":"{at}"}}'}
            messages.append({"role": "assistant", "tool_calls": [{"id": f"c{at}", "function": function}]})
            messages.append({"role": "tool", "tool_call_id": f"c{at}", "content": f"found {at}"})
        tools = [{"type": "function", "function": {"name": "find", "parameters": SCHEMA}}]
        call = call_for({"model": "m", "messages": messages, "tools": tools})
        call.run = self.run
        await taken(self.firewall.admit(call))
        return call

    def answer(self, call: Call, *ids: str) -> bool:
        """Inspect an answer that proposes these calls; tell whether they are still in it."""
        calls = [{"id": each, "function": {"name": "find", "arguments": f'{{"q":"{each}"}}'}} for each in ids]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        tree = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
        (event,) = self.firewall.inspect(call, ChatReader(1, wants_usage=True).whole(tree))
        return "tool_calls" in (event.tree or {})["choices"][0]["message"]


async def test_calls_are_counted_when_they_are_released_and_not_again_when_they_come_back() -> None:
    house = await House(10).open()
    call = await house.ask(0)
    assert house.answer(call, "c0", "c1")
    assert house.counted == 0
    await taken(house.firewall.settle(call))
    assert house.counted == 2
    assert [entry.number for entry in call.entries] == [2]
    again = await house.ask(2)
    assert house.counted == 2
    assert not again.entries
    assert [told["decision"] for told in again.kept["tools"]] == ["result", "result"]
    assert not (await house.ask(2)).kept["tools"]


async def test_calls_that_never_passed_here_are_counted_when_they_are_first_seen() -> None:
    house = await House(3).open()
    await house.ask(3)
    assert house.counted == 3
    with pytest.raises(BudgetExceeded) as refused:
        await house.ask(4)
    assert refused.value.param == "run.tool_calls"


async def test_after_a_restart_the_history_is_not_counted_again() -> None:
    house = await House(10).open()
    await house.ask(3)
    house.restart()
    await house.ask(3)
    assert house.counted == 3
    house.restart()
    await house.ask(5)
    assert house.counted == 5


async def test_what_does_not_fit_the_run_is_refused_in_the_answer_and_counts_nothing() -> None:
    house = await House(1).open()
    call = await house.ask(0)
    assert not house.answer(call, "a", "b")
    await taken(house.firewall.settle(call))
    assert house.counted == 0
    assert {told["decision"] for told in call.kept["tools"]} == {"refused"}


async def test_two_answers_at_once_cannot_both_take_the_last_call() -> None:
    house = await House(1).open()
    first, second = await house.ask(0), await house.ask(0)
    assert house.answer(first, "a")
    assert house.answer(second, "b")
    await taken(house.firewall.settle(first))
    await taken(house.firewall.settle(second))
    assert house.counted == 1
    assert isinstance(second.ending, BudgetExceeded)
    assert [told["decision"] for told in second.kept["tools"]] == ["withheld"]


async def test_a_call_that_failed_released_nothing_and_counts_nothing() -> None:
    house = await House(5).open()
    call = await house.ask(0)
    assert house.answer(call, "a")
    call.ending = UpstreamError("cut")
    await taken(house.firewall.settle(call))
    assert house.counted == 0
    assert [told["decision"] for told in call.kept["tools"]] == ["withheld"]
