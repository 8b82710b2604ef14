"""The ledger on Redis under the same load: CPU of the client's process and of Redis for a hold with its settlement."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import HoldEntry
from limits.ledger import EmbeddedLedger, Order
from limits.redis import RedisLedger
from limits.runs import RunLimits
from limits.standing import Charge
from tests.servers.live import Redis

Row = dict[str, float]
LIMITS = RunLimits(nano_usd=10**14, tokens=10**12)
FAR_US = 2**52
AT_ONCE = 64
CLOCK = SystemClock()


class _NoBook:
    """A book in which nothing ever happened."""

    async def fence(self) -> int:
        return 1

    async def books(self) -> EmbeddedLedger:
        return EmbeddedLedger(CLOCK)

    def tenant_of(self, scope: str) -> str | None:
        return scope


@asynccontextmanager
async def _serving() -> AsyncIterator[tuple[RedisLedger, Redis]]:
    with Redis() as server:
        ledger = RedisLedger(server.url, _NoBook(), CLOCK)
        await ledger.start()
        yield ledger, server
        await ledger.stop()


async def _furnish(ledger: RedisLedger, number: int) -> tuple[str, ...]:
    tenant = str(number)
    await ledger.set_caps(f"tenant:{tenant}", [Cap("nano_usd", 10**15, "month")], tenant=tenant)
    await ledger.set_caps(f"key:{tenant}", [Cap("nano_usd", 10**15)], tenant=tenant)
    await ledger.open_run(f"p{tenant}", LIMITS, FAR_US, tenant=tenant)
    await ledger.open_run(f"c{tenant}", LIMITS, FAR_US, f"p{tenant}", tenant=tenant)
    return (f"run:c{tenant}", f"run:p{tenant}", f"key:{tenant}", f"tenant:{tenant}")


async def _spend(ledger: RedisLedger, paths: list[tuple[str, ...]], calls: int) -> None:
    charge = Charge(900, 90, 9)

    async def caller(first: int) -> None:
        for number in range(first, calls, AT_ONCE):
            path = paths[number % len(paths)]
            order = Order(f"h{number}", path, 1_000, 100, 10, FAR_US)
            answer = await ledger.hold(order, tenant=path[-1][7:], run=path[0], until_ns=0)
            assert isinstance(answer, HoldEntry), answer
            entry = ledger.settle(order.id, charge)
            assert entry is not None
            ledger.apply(entry)

    await asyncio.gather(*(caller(first) for first in range(AT_ONCE)))
    while len(ledger.outbox):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.001)


async def _server_s(ledger: RedisLedger) -> float:
    told = (await (await ledger.link.ready()).must(b"*2\r\n$4\r\nINFO\r\n$3\r\ncpu\r\n")).decode()
    figures = dict(line.split(":") for line in told.splitlines() if ":" in line)
    return float(figures["used_cpu_user"]) + float(figures["used_cpu_sys"])


async def _measure(tenants: int, calls: int, rounds: int) -> Row:
    async with _serving() as (ledger, _):
        paths: list[tuple[str, ...]] = []
        for start in range(0, tenants, AT_ONCE):
            some = range(start, min(start + AT_ONCE, tenants))
            paths += await asyncio.gather(*(_furnish(ledger, number) for number in some))
        client = redis = float("inf")
        for _round in range(rounds):
            before, redis_before = time.process_time(), await _server_s(ledger)
            await _spend(ledger, paths, calls)
            client = min(client, time.process_time() - before)
            redis = min(redis, await _server_s(ledger) - redis_before)
    return {"tenants": tenants, "cpu_us": client / calls * 1e6, "redis_us": redis / calls * 1e6}


def figures(tenants: int, calls: int, rounds: int = 3) -> Row:
    """Return what a call costs among so many tenants, 64 calls at once: the client's CPU and Redis' own."""
    return uvloop.run(_measure(tenants, calls, rounds))


async def _runs(number: int) -> Row:
    async with _serving() as (ledger, _):
        wire = await ledger.link.ready()

        async def used() -> int:
            told = (await wire.must(b"*2\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n")).decode()
            return int(next(line for line in told.splitlines() if line.startswith("used_memory:")).partition(":")[2])

        before = await used()
        for start in range(0, number, AT_ONCE):
            some = (f"idlerunidlerunidle{each:08d}" for each in range(start, min(start + AT_ONCE, number)))
            await asyncio.gather(*(ledger.open_run(run, LIMITS, FAR_US, tenant="t") for run in some))
        return {"runs": number, "bytes": (await used() - before) / number}


def memory_of_runs(number: int) -> Row:
    """Return what an idle run takes in Redis."""
    return uvloop.run(_runs(number))
