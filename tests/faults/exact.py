"""What must hold after every fault: nothing is held, nobody is under way, memory equals the book, and it goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from agents.scripted import Price, Script
from gateway.restore import restore
from gateway.stages.throttle import Throttle
from limits.balances import Balances
from limits.clock import SystemClock
from limits.ledger import EmbeddedLedger
from tests.gateway.live import Live, chat

# What `tests.gateway.live.PRICE` says, as the provider writes it: so its bill is in our nano-dollars.
PRICE = Price(input_pico=1_000_000, output_pico=2_000_000)
ECHO = Script(price=PRICE)
# Pauses between attempts too short to notice.
QUICK = {"attempts_max": 3, "base_s": 0.01, "cap_s": 0.02}
_QUIET_S_MAX = 10.0


def script(**parts: Any) -> Script:
    """Return a script at our prices."""
    return Script(price=PRICE, **parts)


async def quiet(gate: Live) -> None:
    """Wait until no call is under way."""
    async with asyncio.timeout(_QUIET_S_MAX):
        while gate.app.lives._calls:
            await asyncio.wait(gate.app.lives._calls)


def balances(gate: Live, scope: str = "tenant:acme") -> Balances:
    """Return what the ledger says of a scope."""
    found = gate.ledger.books.balances(scope)
    assert found is not None
    return found


def marks(gate: Live) -> list[str]:
    """Return the mark of every charge in the book, in its order."""
    return [part["mark"] for record in gate.records("outcome") for part in record.get("billed", ())]


def under_way(gate: Live) -> int:
    """Return how many calls hold a place in their key's concurrency."""
    stages = gate.app.routes._pipeline.call_stages
    (throttle,) = (stage for stage in stages if isinstance(stage, Throttle))
    return sum(throttle._under_way._live.values())


def ends(gate: Live) -> list[dict[str, Any]]:
    """Return the records with which calls ended."""
    return [record for record in gate.records() if record["kind"] in ("outcome", "refusal")]


@contextlib.asynccontextmanager
async def nothing_lost(gate: Live, *, ended: int, sent: int | None = None) -> AsyncIterator[None]:
    """Assert that after the block all is as if its fault had never been, but for `ended` records of calls' ends.

    `sent`: how many requests the provider saw. Its faults are switched off then, and an ordinary call must work.
    """
    gate.upstream.model.seen.clear()
    before = {record["call"] for record in ends(gate)}
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        gate.upstream.model.play(gate.upstream.model.script)  # the faults go, whatever came of them
    async with asyncio.timeout(_QUIET_S_MAX):
        # A client that leaves may be gone before its call has begun.
        while len(ends(gate)) < len(before) + ended:  # noqa: ASYNC110 - the book tells nobody
            await asyncio.sleep(0.01)
    await quiet(gate)
    books = gate.ledger.books
    assert not books._open, "a hold is left"
    assert under_way(gate) == 0, "a place in the concurrency is left"
    assert len(gate.ledger.queue) == 0
    again = EmbeddedLedger(SystemClock())
    restore(again, gate.app.house.book.records())
    for scope, account in books._accounts.items():
        if any(tally.calls for tally in account.tallies()):
            assert books.balances(scope) == again.balances(scope), f"{scope} differs from a replay of the book"
    new = [record["call"] for record in ends(gate) if record["call"] not in before]
    assert len(new) == len(set(new)) == ended
    assert sent is None or len(gate.upstream.seen) == sent
    reply = await gate.http.post("/v1/chat/completions", json=chat("and on it goes"))
    assert reply.status_code == 200, reply.text
    await quiet(gate)
    assert not books._open
