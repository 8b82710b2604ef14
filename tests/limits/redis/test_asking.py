"""Asking again where that is harmless, and never where a question may have had its effect."""

import asyncio
from collections.abc import Iterator

import pytest

from limits.clock import SystemClock
from limits.entries import CountEntry
from limits.ledger import Order
from limits.redis.asking import Unavailable
from limits.runs import RunLimits
from tests.limits.redis.ledgers import command, flush, opened, settled, until
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


async def test_a_hold_whose_answer_was_lost_is_refused_and_taken_back(server: Redis) -> None:
    """Redis granted it, but nobody heard: it does not stand for ever, nor is it taken twice."""
    flush(server.url)
    ledger = await opened(server.url, CLOCK, reply_s_max=0.3)
    await ledger.balances("tenant:t", tenant="t")
    order = Order("a", ("tenant:t",), 5, 0, 0, 2**52)
    asked = asyncio.ensure_future(ledger.hold(order, tenant="t", run="r", until_ns=0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    while command(server.url, "EXISTS", f"th:{{t}}:{ledger.link.generation}:h:a") != b":1\r\n":
        pass  # without a turn of the loop, so that the answer is not heard
    wire = ledger.link.wire
    assert wire is not None
    wire.close()
    with pytest.raises(Unavailable, match="TAKEN"):
        await asked
    await until(lambda: not (len(ledger.outbox) or ledger.link.wire is None))
    assert command(server.url, "EXISTS", f"th:{{t}}:{ledger.link.generation}:h:a") == b":0\r\n"
    await ledger.stop()


async def test_a_count_whose_answer_was_lost_is_not_taken_again(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, CLOCK, reply_s_max=0.3)
    await ledger.open_run("r", RunLimits(), 2**52, tenant="t")
    assert isinstance(await ledger.count("r", "steps", tenant="t"), CountEntry)
    command(server.url, "CLIENT", "PAUSE", 600, "WRITE")
    with pytest.raises(Unavailable, match="before it answered"):
        await ledger.count("r", "steps", tenant="t")
    await ledger.stop()


async def test_a_redis_that_goes_away_while_a_tenant_is_let_in_is_distrusted(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, CLOCK)
    await ledger._mend("STALE nothing", "new")
    await ledger.link.stop()
    await ledger._mend("STALE nothing", "newer")
    assert ledger.link.why.startswith("Redis does not answer")
    ledger.outbox.put("drop", "t", ["nobody", ""])
    assert len(ledger.outbox) == 1
    await ledger.outbox._enrol(ledger.outbox._waiting[1])
    await ledger.stop()


async def test_a_script_that_redis_cannot_run_is_unavailable(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, CLOCK)
    await ledger.set_caps("tenant:t", [], tenant="t")
    command(server.url, "SET", f"th:{{t}}:{ledger.link.generation}:a:tenant:t", "no account")
    with pytest.raises(Unavailable, match="WRONGTYPE"):
        await ledger.balances("tenant:t", tenant="t")
    await settled(ledger)
    await ledger.stop()


async def test_whoever_leaves_waits_for_what_is_being_charged(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, CLOCK)
    await ledger.set_caps("tenant:t", [], tenant="t")
    for number in range(50):
        ledger.outbox.put("drop", "t", [f"nobody{number}", ""])
    await ledger.stop()
    assert not len(ledger.outbox)
