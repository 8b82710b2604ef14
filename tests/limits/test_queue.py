import asyncio
from collections.abc import Awaitable
from random import Random
from typing import TypeVar

import pytest

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import HoldEntry
from limits.ledger import EmbeddedLedger, Order
from limits.queue import WaitQueue
from limits.refusals import Ended, Exceeded, Held
from limits.runs import RunLimits
from limits.standing import Charge

T = TypeVar("T")
CLOCK = SystemClock()
pytestmark = pytest.mark.anyio


def order(name: str, nano: int, *scopes: str) -> Order:
    return Order(name, scopes or ("tenant:t",), nano, 0, 0, 2**60)


def soon(seconds: float = 5) -> int:
    return CLOCK.monotonic_ns() + round(seconds * 1e9)


def finish(ledger: EmbeddedLedger, name: str, nano: int = 0) -> None:
    entry = ledger.settle(name, Charge(nano))
    assert entry is not None
    ledger.apply(entry)


async def in_time(wait: Awaitable[T]) -> T:
    return await asyncio.wait_for(wait, 10)


@pytest.fixture
def ledger() -> EmbeddedLedger:
    made = EmbeddedLedger(CLOCK)
    made.set_caps("tenant:t", [Cap("nano_usd", 100)])
    return made


async def test_a_call_that_is_only_held_back_waits_and_gets_its_full_amount(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    assert isinstance(await queue.hold(order("a", 100), tenant="t", run="r", until_ns=soon()), HoldEntry)
    waiting = asyncio.ensure_future(queue.hold(order("b", 60), tenant="t", run="r", until_ns=soon()))
    await asyncio.sleep(0)
    assert len(queue) == 1
    finish(ledger, "a", 40)
    answer = await in_time(waiting)
    assert isinstance(answer, HoldEntry)
    assert answer.nano == 60
    assert len(queue) == 0


async def test_at_its_deadline_a_waiter_is_told_what_holds_it(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 100))
    answer = await queue.hold(order("b", 60), tenant="t", run="r", until_ns=soon(0.02))
    assert answer == Held("tenant:t", "nano_usd", "total", 100, 0, 100, 60)
    late = await queue.hold(order("c", 60), tenant="t", run="r", until_ns=soon(-1))
    assert isinstance(late, Held)


async def test_room_that_appears_as_the_deadline_passes_is_still_given(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 100))
    waiting = asyncio.ensure_future(queue.hold(order("b", 60), tenant="t", run="r", until_ns=soon(0.01)))
    await asyncio.sleep(0)
    finish(ledger, "a")
    stop = soon(0.02)
    while CLOCK.monotonic_ns() < stop:
        pass
    assert isinstance(await in_time(waiting), HoldEntry)
    await asyncio.sleep(0.3)
    assert queue._tick is None


async def test_a_waiter_is_refused_as_soon_as_settled_spend_alone_is_too_much(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 100))
    waiting = asyncio.ensure_future(queue.hold(order("b", 60), tenant="t", run="r", until_ns=soon()))
    await asyncio.sleep(0)
    finish(ledger, "a", 90)
    assert isinstance(await in_time(waiting), Exceeded)


async def test_a_newcomer_does_not_pass_who_waits_for_the_same_scope(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 50))
    large = asyncio.ensure_future(queue.hold(order("large", 80), tenant="t", run="r1", until_ns=soon()))
    await asyncio.sleep(0)
    small = asyncio.ensure_future(queue.hold(order("small", 30), tenant="t", run="r2", until_ns=soon()))
    await asyncio.sleep(0)
    assert len(queue) == 2
    elsewhere = await queue.hold(order("else", 30, "tenant:u"), tenant="u", run="r3", until_ns=soon())
    assert isinstance(elsewhere, HoldEntry)
    impossible = await queue.hold(order("never", 101), tenant="t", run="r4", until_ns=soon())
    assert isinstance(impossible, Exceeded)
    finish(ledger, "a")
    assert isinstance(await in_time(large), HoldEntry)
    assert not small.done()
    finish(ledger, "large")
    assert isinstance(await in_time(small), HoldEntry)


async def test_tenants_and_their_runs_take_turns() -> None:
    ledger = EmbeddedLedger(CLOCK)
    ledger.set_caps("upstream:u", [Cap("concurrency", 1)])
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("first", 1, "upstream:u"))
    served: list[str] = []

    async def call(name: str, tenant: str, run: str) -> None:
        answer = await queue.hold(
            order(name, 1, f"tenant:{tenant}", "upstream:u"), tenant=tenant, run=run, until_ns=soon()
        )
        assert isinstance(answer, HoldEntry)
        served.append(name)
        await asyncio.sleep(0)
        finish(ledger, name, 1)

    names = [("a1", "a", "1"), ("a2", "a", "1"), ("a3", "a", "1"), ("a4", "a", "2"), ("b1", "b", "1"), ("b2", "b", "1")]
    calls = [asyncio.ensure_future(call(*name)) for name in names]
    await asyncio.sleep(0)
    finish(ledger, "first")
    await in_time(asyncio.gather(*calls))
    assert served == ["a1", "b1", "a4", "b2", "a2", "a3"]


async def test_the_queue_is_bounded_altogether_and_a_tenant(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK, waiters_max=3, tenant_waiters_max=2)
    ledger.hold(order("a", 100))
    waiting = [
        asyncio.ensure_future(queue.hold(order(f"w{n}", 1), tenant=tenant, run="r", until_ns=soon()))
        for n, tenant in enumerate("ttu")
    ]
    await asyncio.sleep(0)
    assert isinstance(await queue.hold(order("x", 1), tenant="t", run="r", until_ns=soon()), Held)
    assert isinstance(await queue.hold(order("y", 1), tenant="v", run="r", until_ns=soon()), Held)
    finish(ledger, "a")
    answers = await in_time(asyncio.gather(*waiting))
    assert all(isinstance(answer, HoldEntry) for answer in answers)


async def test_a_cancelled_wait_leaves_no_hold_behind(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 100))
    early = asyncio.ensure_future(queue.hold(order("b", 100), tenant="t", run="r", until_ns=soon()))
    granted = asyncio.ensure_future(queue.hold(order("c", 100), tenant="t", run="r", until_ns=soon()))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.gather(early, return_exceptions=True)
    finish(ledger, "a")
    await asyncio.sleep(0)
    assert ledger.is_open("c")
    granted.cancel()
    await asyncio.gather(granted, return_exceptions=True)
    assert not ledger.is_open("c")
    assert len(queue) == 0
    assert isinstance(ledger.hold(order("d", 100)), HoldEntry)


async def test_a_run_that_ends_frees_its_waiters_without_anything_falling(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.open_run("r", RunLimits(), 2**60)
    ledger.hold(order("a", 100))
    waiting = asyncio.ensure_future(
        queue.hold(order("b", 10, "run:r", "tenant:t"), tenant="t", run="r", until_ns=soon())
    )
    await asyncio.sleep(0)
    ledger.kill("run:r")
    assert await in_time(waiting) == Ended("run:r", "killed")


async def test_a_next_attempt_waits_with_its_predecessor_s_room_counted_as_its_own(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 60))
    ledger.hold(order("other", 40))
    settlement = ledger.settle("a", Charge(10))
    assert settlement is not None
    assert settlement.nano == 10
    answer = await queue.hold(order("a2", 50), tenant="t", run="r", until_ns=soon(), replaces=settlement)  # type: ignore[arg-type]
    assert isinstance(answer, HoldEntry)
    assert answer.replaces == "a"


@pytest.mark.parametrize("seed", range(5))
async def test_a_storm_of_calls_never_passes_the_cap_and_reaches_it(seed: int) -> None:
    """Let 300 calls over two tenants, runs and children settle, leave and wait in a seeded random order."""
    chance = Random(seed)
    ledger = EmbeddedLedger(CLOCK)
    cap = 40_000
    ledger.set_caps("tenant:t", [Cap("nano_usd", cap)])
    ledger.set_caps("tenant:u", [Cap("concurrency", 7)])
    ledger.open_run("p", RunLimits(nano_usd=30_000), 2**60)
    for child in "abc":
        ledger.open_run(child, RunLimits(nano_usd=25_000), 2**60, "p")
    queue = WaitQueue(ledger, CLOCK)
    spent = {"t": 0, "u": 0}
    refused = 0

    async def call(number: int) -> None:
        nonlocal refused
        tenant = chance.choice("ttu")
        scopes = (*(ledger.scopes_of(chance.choice("abc")) if tenant == "t" else ()), f"tenant:{tenant}")
        nano = chance.randrange(1, 900)
        wish = order(f"h{number}", nano, *scopes)
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        answer = await queue.hold(wish, tenant=tenant, run=scopes[0], until_ns=soon())
        if not isinstance(answer, HoldEntry):
            assert isinstance(answer, Exceeded)
            refused += 1
            return
        for _ in range(chance.randrange(6)):
            await asyncio.sleep(0)
        if chance.random() < 0.1:
            ledger.drop(wish.id)
            return
        bill = chance.randrange(nano + 1)
        spent[tenant] += bill
        finish(ledger, wish.id, bill)

    await asyncio.wait_for(asyncio.gather(*(call(number) for number in range(300))), 20)
    found = ledger.balances("tenant:t")
    run = ledger.balances("run:p")
    assert found is not None
    assert run is not None
    assert found.nano == run.nano == spent["t"] <= 30_000
    assert found.caps[0].held == run.caps[0].held == len(queue) == 0
    assert refused == 0 or run.nano >= 30_000 - 900


async def test_a_small_waiter_does_not_overtake_a_large_one_in_front_of_it(ledger: EmbeddedLedger) -> None:
    queue = WaitQueue(ledger, CLOCK)
    ledger.hold(order("a", 50))
    ledger.hold(order("b", 50))
    large = asyncio.ensure_future(queue.hold(order("large", 80), tenant="t", run="r1", until_ns=soon()))
    small = asyncio.ensure_future(queue.hold(order("small", 20), tenant="t", run="r2", until_ns=soon()))
    await asyncio.sleep(0)
    finish(ledger, "b")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not small.done()
    finish(ledger, "a")
    answers = await in_time(asyncio.gather(large, small))
    assert all(isinstance(answer, HoldEntry) for answer in answers)
