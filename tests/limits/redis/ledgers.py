"""A ledger on a real Redis as a test calls it: step by step, each step over when its effect is there."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from limits.accounts import Cap
from limits.balances import Balances
from limits.books import Affordable
from limits.clock import Clock
from limits.entries import CapsEntry, CountEntry, Entry, ExpireEntry, HoldEntry, KillEntry, RefundEntry, SettleEntry
from limits.ledger import Crossing, EmbeddedLedger, Order
from limits.redis import RedisLedger
from limits.redis.wire import Address, packed
from limits.refusals import Ended, Exceeded, Held
from limits.runs import RunLimits
from limits.seam import Ledger
from limits.standing import Charge

T = TypeVar("T")


def command(url: str, *words: str | int | bytes) -> bytes:
    """Say one command to Redis on a connection of its own, and return the beginning of what it answers."""
    address = Address.parse(url)
    with socket.create_connection((address.host, address.port), timeout=5) as connection:
        connection.sendall(packed(*words))
        return connection.recv(65_536)


def flush(url: str) -> None:
    """Empty a Redis."""
    assert command(url, "FLUSHALL").startswith(b"+OK")


class PlainBook:
    """The book as reconciliation sees it: entries in memory; a hold of a generation before the fence is refused."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.generation = 0
        self.entries: list[Entry] = []
        self.tenants: dict[str, str] = {}

    async def fence(self) -> int:
        self.generation += 1
        return self.generation

    async def books(self) -> EmbeddedLedger:
        books = EmbeddedLedger(self.clock)
        books.replay(self.entries)
        return books

    def tenant_of(self, scope: str) -> str | None:
        return self.tenants.get(scope, "t")

    def write(self, ledger: RedisLedger, *entries: Entry | None) -> bool:
        """Make a record durable, as the gateway's journal does; False if the fence refuses it."""
        made = [entry for entry in entries if entry is not None]
        generations = [ledger.generation_of(entry) or 0 for entry in made if isinstance(entry, HoldEntry)]
        if any(generation < self.generation for generation in generations):
            return False
        self.entries += made
        for entry in made:
            ledger.apply(entry)
        return True


async def until(true: Callable[[], bool]) -> None:
    """Wait until something has come true that nothing tells of."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.001)


async def settled(ledger: RedisLedger) -> None:
    """Wait until Redis has answered all that was sent in the background."""
    await until(lambda: not len(ledger.outbox))


async def opened(url: str, clock: Clock, book: PlainBook | None = None, **bounds: Any) -> RedisLedger:
    """Return a started ledger."""
    made = RedisLedger(url, book or PlainBook(clock), clock, **bounds)
    ledger: Ledger = made
    assert ledger.marks is made.marks
    await made.start()
    return made


class OverRedis:
    """`EmbeddedLedger`'s methods over a `RedisLedger` of its own, on a Redis that is emptied for it."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._runner = asyncio.Runner()
        self.tenant = "t"
        flush(url)
        self.ledger = self._run(opened(url, clock))
        self.marks = self.ledger.marks

    def close(self) -> None:
        self._runner.run(self.ledger.stop())
        self._runner.close()

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(doing)

    def _do(self, doing: Callable[[], T]) -> T:
        async def done() -> T:
            answer = doing()
            await settled(self.ledger)
            return answer

        return self._run(done())

    def hold(self, order: Order, replaces: SettleEntry | None = None) -> HoldEntry | Held | Exceeded | Ended:
        return self._run(self.ledger.hold(order, tenant=self.tenant, run="r", until_ns=0, replaces=replaces))

    def refusal(self, order: Order, replaces: SettleEntry | None = None) -> Held | Exceeded | Ended | None:
        answer = self.hold(order, replaces)
        if isinstance(answer, HoldEntry):
            self.drop(order.id)
            return None
        return answer

    def settle(self, hold_id: str, charge: Charge) -> SettleEntry | RefundEntry | None:
        return self._do(lambda: self.ledger.settle(hold_id, charge))

    def apply(self, entry: Entry) -> None:
        self._do(lambda: self.ledger.apply(entry))

    def drop(self, hold_id: str) -> None:
        self._do(lambda: self.ledger.drop(hold_id))

    def expire(self) -> list[ExpireEntry | RefundEntry]:
        async def done() -> list[ExpireEntry | RefundEntry]:
            entries = await self.ledger.expire()
            await settled(self.ledger)
            return list(entries)

        return self._run(done())

    def count(self, run_id: str, dimension: str, number: int = 1) -> CountEntry | Exceeded | Ended:
        return self._run(self.ledger.count(run_id, dimension, number, tenant=self.tenant))

    def give_back(self, entry: CountEntry) -> CountEntry:
        return self.ledger.give_back(entry)

    def set_caps(self, scope: str, caps: Sequence[Cap], zone: str = "UTC") -> CapsEntry | None:
        return self._run(self.ledger.set_caps(scope, caps, zone, tenant=self.tenant))

    def kill(self, scope: str, *, on: bool = True) -> KillEntry:
        return self._run(self.ledger.kill(scope, on=on, tenant=self.tenant))

    def open_run(self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None) -> Any:
        return self._run(self.ledger.open_run(run_id, limits, expires_us, parent, tenant=self.tenant))

    def end_run(self, run_id: str, why: str = "ended") -> Any:
        return self._run(self.ledger.end_run(run_id, why, tenant=self.tenant))

    def pause_run(self, run_id: str, *, on: bool = True) -> Any:
        return self._do(lambda: self.ledger.pause_run(run_id, on=on, tenant=self.tenant))

    def scopes_of(self, run_id: str) -> tuple[str, ...]:
        seen = self._run(self.ledger.look(run_id, tenant=self.tenant, fresh=True))
        return () if seen is None else seen.path

    def affordable(self, scopes: Sequence[str]) -> Affordable:
        return self._run(self.ledger.affordable(scopes, tenant=self.tenant))

    def balances(self, scope: str) -> Balances | None:
        return self._run(self.ledger.balances(scope, tenant=self.tenant))

    def drain_crossings(self) -> list[Crossing]:
        return self.ledger.drain_crossings()
