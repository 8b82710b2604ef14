"""A ledger on a Redis with a book beside it, and short ways to live with both."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CountEntry, HoldEntry, SettleEntry
from limits.ledger import Order
from limits.redis import RedisLedger
from limits.redis.asking import Unavailable
from limits.refusals import Exceeded
from limits.runs import RunLimits
from limits.standing import Charge
from tests.limits.redis.ledgers import PlainBook, opened, settled
from tests.servers.live import Redis

CLOCK = SystemClock()
SCOPES = ("run:c", "run:p", "key:k", "tenant:t")
CAP = 1_000


@contextlib.asynccontextmanager
async def house(server: Redis, book: PlainBook) -> AsyncIterator[RedisLedger]:
    ledger = await opened(server.url, CLOCK, book, reply_s_max=1.0)
    try:
        yield ledger
    finally:
        await ledger.stop()


async def furnish(ledger: RedisLedger, book: PlainBook) -> None:
    for entry in (
        await ledger.set_caps(
            "tenant:t", [Cap("nano_usd", CAP), Cap("tokens", 10**6, "month")], "Asia/Tokyo", tenant="t"
        ),
        await ledger.set_caps("key:k", [Cap("nano_usd", CAP, "day")], "Asia/Tokyo", tenant="t"),
        await ledger.open_run("p", RunLimits(nano_usd=CAP, steps=9), 2**52, tenant="t"),
        await ledger.open_run("c", RunLimits(nano_usd=CAP, steps=5, seconds=10**6), 2**52, "p", tenant="t"),
    ):
        assert not isinstance(entry, Exceeded)
        book.write(ledger, entry)  # type: ignore[arg-type]


def order(name: str, nano: int, seconds: float = 600) -> Order:
    return Order(name, SCOPES, nano, 3, 4, CLOCK.utc_us() + round(seconds * 1e6))


async def hold(ledger: RedisLedger, name: str, nano: int, wait_s: float = 0) -> object:
    until = CLOCK.monotonic_ns() + round(wait_s * 1e9)
    return await ledger.hold(order(name, nano), tenant="t", run="c", until_ns=until)


async def granted(ledger: RedisLedger, name: str, nano: int) -> HoldEntry:
    answer = await hold(ledger, name, nano)
    assert isinstance(answer, HoldEntry), answer
    return answer


def charge(ledger: RedisLedger, book: PlainBook, name: str, nano: int, mark: str = "billed") -> None:
    entry = ledger.settle(name, Charge(nano, 1, 1, mark))
    assert isinstance(entry, SettleEntry)
    assert book.write(ledger, entry)


async def until_it_answers(ledger: RedisLedger) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(Unavailable):
                await ledger.balances("tenant:t", tenant="t")
                return


async def figures(ledger: RedisLedger) -> list[object]:
    found: list[object] = []
    for scope in SCOPES:
        balances = await ledger.balances(scope, tenant="t")
        assert balances is not None
        caps = [(cap.dimension, cap.window, cap.limit, cap.settled, cap.held) for cap in balances.caps]
        found.append((scope, balances.nano, balances.input_tokens, balances.calls, sorted(caps), balances.counts))
    return found


async def lived(ledger: RedisLedger, book: PlainBook) -> None:
    """Spend 150, mark 40 as uncertain, hold 200 durably, take two steps and pause the run."""
    await furnish(ledger, book)
    for name, nano, mark in (("a", 150, "billed"), ("b", 40, "uncertain")):
        assert book.write(ledger, await granted(ledger, name, 300))
        charge(ledger, book, name, nano, mark)
    assert book.write(ledger, await granted(ledger, "open", 200))
    for _ in range(2):
        step = await ledger.count("c", "steps", tenant="t")
        assert isinstance(step, CountEntry)
        book.write(ledger, step)
    book.write(ledger, ledger.pause_run("c", tenant="t"))
    await settled(ledger)
