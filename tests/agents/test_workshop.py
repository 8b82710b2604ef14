"""Where tools are used: nothing a tool does ends the run."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest

from agents import Tool, tool
from agents.workshop import Workshop
from tests.agents.turned import TurnedClock

pytestmark = pytest.mark.anyio
WHO: ContextVar[str] = ContextVar("who", default="nobody")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def workshop(clock: TurnedClock) -> AsyncIterator[Workshop]:
    made = Workshop(clock, chance=random.Random(1), pause_s=0.001)
    yield made
    made.close()


class Flaky:
    """Fails some times, then works."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.calls = 0

    def fetch(self, item: str) -> str:
        """Fetch."""
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise ConnectionError("no route")
        return f"{item} here"


def instead(item: str) -> str:
    """Stand in."""
    return f"{item} from memory"


async def test_synchronous_and_asynchronous_tools_give_results_and_see_the_context(workshop: Workshop) -> None:
    async def slow(n: int) -> int:
        return n + 1

    def who() -> str:
        return WHO.get()

    WHO.set("me")
    assert (await workshop.use(tool(slow), '{"n": 1}')).content == "2"
    assert (await workshop.use(tool(who), "")).content == "me"


async def test_an_exception_becomes_a_result_that_names_it(workshop: Workshop) -> None:
    outcome = await workshop.use(tool(Flaky(1).fetch), '{"item": "tea"}')
    assert (outcome.ok, outcome.content) == (False, "error: fetch failed: ConnectionError: no route")
    assert "do not fit" in (await workshop.use(tool(Flaky(0).fetch), "{}")).content


async def test_a_tool_that_hangs_is_given_up(workshop: Workshop) -> None:
    async def hang() -> str:
        await asyncio.sleep(60)
        return ""

    def stuck() -> str:
        time.sleep(0.3)
        return ""

    for function in (hang, stuck):
        outcome = await workshop.use(tool(function, timeout_s=0.02), "")
        assert "gave no answer within 0.02 s" in outcome.content


async def test_a_repeatable_tool_is_tried_again(workshop: Workshop) -> None:
    flaky = Flaky(2)
    outcome = await workshop.use(tool(flaky.fetch, repeatable=True, retries=2), '{"item": "tea"}')
    assert (outcome.content, outcome.degraded, flaky.calls) == ("tea here", "", 3)


async def test_the_fallback_and_then_the_stored_answer_stand_in_labelled(workshop: Workshop) -> None:
    outcome = await workshop.use(tool(Flaky(9).fetch, fallback=instead), '{"item": "tea"}')
    assert (outcome.content, outcome.degraded) == ("tea from memory", "instead")
    outcome = await workshop.use(tool(Flaky(9).fetch, fallback=Flaky(9).fetch, stored="unknown"), '{"item": "tea"}')
    assert (outcome.content, outcome.degraded) == ("unknown", "stored")


async def test_a_tool_that_keeps_failing_is_left_alone_for_a_while(workshop: Workshop, clock: TurnedClock) -> None:
    flaky = Flaky(5)
    made = tool(flaky.fetch)
    for _ in range(7):
        outcome = await workshop.use(made, '{"item": "tea"}')
    assert flaky.calls == 5
    assert "not called for a while" in outcome.content
    clock.seconds += 31
    assert (await workshop.use(made, '{"item": "tea"}')).ok


async def test_an_equal_call_is_answered_from_its_last_good_result_for_a_while(
    workshop: Workshop, clock: TurnedClock
) -> None:
    flaky = Flaky(0)
    made = tool(flaky.fetch, cache_s=10)
    for arguments in ('{"item": "tea"}', '{ "item":"tea" }'):
        assert (await workshop.use(made, arguments)).content == "tea here"
    assert flaky.calls == 1
    clock.seconds += 11
    await workshop.use(made, '{"item": "tea"}')
    assert flaky.calls == 2


async def test_two_tools_of_one_name_share_neither_cache_nor_breaker(workshop: Workshop) -> None:
    def make(answer: str) -> Tool:
        def f() -> str:
            return answer

        return tool(f, cache_s=60)

    first, second = make("one"), make("two")
    assert (await workshop.use(first, "")).content == "one"
    assert (await workshop.use(second, "")).content == "two"
