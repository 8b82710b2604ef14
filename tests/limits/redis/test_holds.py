"""Waiting across processes: woken by whoever frees the room, in turn, never for ever, and leaving nothing behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CountEntry, HoldEntry, RefundEntry
from limits.ledger import Order
from limits.redis import RedisLedger
from limits.redis.asking import Unavailable
from limits.refusals import Ended, Exceeded, Held
from limits.runs import RunLimits
from limits.standing import Charge
from tests.limits.redis.ledgers import command, flush, opened, settled, until
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@pytest.fixture
async def pair(server: Redis) -> AsyncIterator[tuple[RedisLedger, RedisLedger]]:
    flush(server.url)
    one, other = await opened(server.url, CLOCK), await opened(server.url, CLOCK, waiters_max=3, tenant_waiters_max=2)
    await one.set_caps("tenant:t", [Cap("nano_usd", 100)], tenant="t")
    yield one, other
    await one.stop()
    await other.stop()


async def hold(ledger: RedisLedger, name: str, nano: int, wait_s: float = 5, run: str = "r", *scopes: str) -> object:
    until = CLOCK.monotonic_ns() + round(wait_s * 1e9)
    order = Order(name, (*scopes, "tenant:t"), nano, 0, 0, 2**52)
    return await asyncio.wait_for(ledger.hold(order, tenant="t", run=run, until_ns=until), 10)


async def queued(ledger: RedisLedger, number: int) -> None:
    await until(lambda: len(ledger._waiters) >= number)


def finish(ledger: RedisLedger, name: str, nano: int = 0) -> None:
    entry = ledger.settle(name, Charge(nano))
    assert entry is not None
    ledger.apply(entry)


async def test_who_waits_is_woken_by_another_process_long_before_it_would_ask_again(
    pair: tuple[RedisLedger, RedisLedger],
) -> None:
    one, other = pair
    assert isinstance(await hold(one, "a", 100), HoldEntry)
    waiting = asyncio.ensure_future(hold(other, "b", 60))
    await queued(other, 1)
    start = CLOCK.monotonic_ns()
    finish(one, "a", 40)
    answer = await waiting
    assert isinstance(answer, HoldEntry)
    assert answer.nano == 60
    assert CLOCK.monotonic_ns() - start < 400_000_000
    assert not other._waiters


async def test_a_newcomer_elsewhere_does_not_pass_who_waits_and_runs_take_turns(
    pair: tuple[RedisLedger, RedisLedger],
) -> None:
    one, other = pair
    await one.set_caps("key:k", [Cap("concurrency", 9)], tenant="t")
    assert isinstance(await hold(one, "a", 100), HoldEntry)
    served: list[str] = []

    async def call(ledger: RedisLedger, name: str, run: str) -> None:
        assert isinstance(await hold(ledger, name, 80, 5, run), HoldEntry)
        served.append(name)
        finish(ledger, name)

    calls = []
    for number, (ledger, name, run) in enumerate([(one, "x1", "x"), (one, "x2", "x"), (other, "y1", "y")]):
        calls.append(asyncio.ensure_future(call(ledger, name, run)))
        await queued(ledger, number + 1 if ledger is one else 1)
        await asyncio.sleep(0.01)
    assert isinstance(await hold(other, "small", 1, 0), Held), "it would fit, but others are first"
    assert isinstance(await hold(other, "never", 101, 0), Exceeded)
    elsewhere = Order("else", ("key:k",), 1, 0, 0, 2**52)
    assert isinstance(await other.hold(elsewhere, tenant="t", run="z", until_ns=0), HoldEntry)
    finish(one, "a")
    await asyncio.gather(*calls)
    assert served == ["x1", "y1", "x2"]


async def test_at_its_deadline_a_waiter_is_told_what_holds_it_and_its_place_is_free(
    pair: tuple[RedisLedger, RedisLedger],
) -> None:
    one, other = pair
    await hold(one, "a", 60)
    assert await hold(other, "b", 80, 0.05) == Held("tenant:t", "nano_usd", "total", 100, 0, 60, 80)
    await settled(other)
    assert isinstance(await hold(one, "c", 40, 0), HoldEntry)


async def test_a_call_to_wake_who_waits_no_longer_is_harmless(
    server: Redis, pair: tuple[RedisLedger, RedisLedger]
) -> None:
    one, _ = pair
    assert command(server.url, "PUBLISH", f"th:wake:{one.link.name}", "nobody") == b":1\r\n"
    assert isinstance(await hold(one, "a", 100), HoldEntry)


async def test_waits_are_bounded_altogether_and_a_tenant(pair: tuple[RedisLedger, RedisLedger]) -> None:
    one, other = pair
    await hold(one, "a", 100)
    waiting = [asyncio.ensure_future(hold(other, f"w{number}", 1)) for number in range(2)]
    await queued(other, 2)
    assert isinstance(await hold(other, "too many", 1), Held)
    finish(one, "a")
    assert all(isinstance(answer, HoldEntry) for answer in await asyncio.gather(*waiting))


async def test_a_cancelled_wait_leaves_no_hold_and_no_place_behind(pair: tuple[RedisLedger, RedisLedger]) -> None:
    one, other = pair
    await hold(one, "a", 100)
    waiting = asyncio.ensure_future(hold(other, "b", 100))
    await queued(other, 1)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    granted = asyncio.ensure_future(hold(other, "c", 100))
    await queued(other, 1)
    finish(one, "a")
    await settled(one)
    granted.cancel()
    (answer,) = await asyncio.gather(granted, return_exceptions=True)
    if isinstance(answer, HoldEntry):  # it was told in time
        other.drop("c")
    await settled(other)
    assert isinstance(await hold(one, "d", 100, 0), HoldEntry)


async def test_the_place_of_a_process_that_died_is_given_up(
    server: Redis, pair: tuple[RedisLedger, RedisLedger]
) -> None:
    one, other = pair
    await hold(one, "a", 100)
    waiting = asyncio.ensure_future(hold(other, "dead", 100))
    await queued(other, 1)
    await other.stop()
    with pytest.raises(Unavailable):
        await waiting
    behind = asyncio.ensure_future(hold(one, "b", 50, 8))
    await queued(one, 1)
    ticket = f"th:{{t}}:{one.link.generation}:w:dead"
    assert command(server.url, "DEL", ticket) == b":1\r\n", "as its time to live does"
    finish(one, "a")
    assert isinstance(await behind, HoldEntry)


async def test_a_waiter_is_refused_once_settled_spend_alone_is_too_much_or_its_run_ends(
    pair: tuple[RedisLedger, RedisLedger],
) -> None:
    one, other = pair
    await one.open_run("r", RunLimits(), 2**52, tenant="t")
    await hold(one, "a", 100)
    too_much = asyncio.ensure_future(hold(other, "b", 60))
    await queued(other, 1)
    ended = asyncio.ensure_future(hold(one, "c", 5, 5, "r", "run:r"))
    await queued(one, 1)
    await one.kill("run:r", tenant="t")
    assert await ended == Ended("run:r", "killed")
    finish(one, "a", 90)
    assert isinstance(await too_much, Exceeded)


async def test_a_next_attempt_takes_the_room_of_the_one_before_it(pair: tuple[RedisLedger, RedisLedger]) -> None:
    one, _ = pair
    await hold(one, "a", 60)
    await hold(one, "other", 40)
    settlement = one.settle("a", Charge(10))
    assert settlement is not None
    assert one.settle("a", Charge(20)) is settlement
    order = Order("a2", ("tenant:t",), 50, 0, 0, 2**52)
    answer = await one.hold(order, tenant="t", run="r", until_ns=0, replaces=settlement)  # type: ignore[arg-type]
    assert isinstance(answer, HoldEntry)
    assert answer.replaces == "a"
    with pytest.raises(ValueError, match="not"):
        await one.hold(order, tenant="t", run="r", until_ns=0)
    one.drop("a2")
    await settled(one)
    balances = await one.balances("tenant:t", tenant="t")
    assert balances is not None
    assert balances.caps[0].held == 100, "the one before stands in full again"


async def test_marked_charges_and_suspensions_are_known_to_every_process(
    server: Redis, pair: tuple[RedisLedger, RedisLedger]
) -> None:
    one, other = pair
    await hold(one, "a", 50)
    entry = one.settle("a", Charge(50, mark="implausible", suspends="bound", reported_nano=900))
    assert one.marks.suspended == {"bound": "a"}
    assert entry is not None
    one.apply(entry)
    await settled(one)
    await until(lambda: bool(other.marks.suspended))
    late = await opened(server.url, CLOCK)
    await late.set_caps("tenant:t", [Cap("nano_usd", 100)], tenant="t")
    assert late.marks.suspended == {"bound": "a"}
    refund = other.marks.refund("a")
    assert isinstance(refund, RefundEntry)
    other.apply(refund)
    await settled(other)
    await until(lambda: not (one.marks.suspended or late.marks.suspended))
    balances = await late.balances("tenant:t", tenant="t")
    assert balances is not None
    assert balances.nano == balances.caps[0].settled == 0
    await hold(one, "b", 50)
    finish_as = one.settle("b", Charge(20, mark="uncertain"))
    assert finish_as is not None
    one.apply(finish_as)
    await settled(one)
    confirm = one.marks.confirm("b")
    assert confirm is not None
    one.apply(confirm)
    one.apply(confirm)
    one.apply(CountEntry("r", "steps"))
    await settled(one)
    assert not one.marks.listed
    await late.stop()
