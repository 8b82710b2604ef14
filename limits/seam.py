"""What the gateway asks of a ledger, whichever implementation stands behind it.

What must be answered before a call goes on is `async`, because a replicated ledger asks another machine; the embedded
one answers without ever suspending, except while a hold waits. What only writes down (`settle`, `apply`, `drop`)
is synchronous: it takes effect here and now, and a replicated ledger sends it on in the background. That is safe
because until it arrives a balance is only higher than the truth, never lower.
"""

from collections.abc import Sequence
from typing import Protocol

from .books import Affordable
from .clock import Clock
from .entries import CountEntry, Entry, ExpireEntry, HoldEntry, RefundEntry, RunOpenedEntry, SettleEntry
from .ledger import EmbeddedLedger, Order
from .queue import WaitQueue
from .refusals import Ended, Exceeded, Held
from .runs import RunLimits
from .standing import Charge


class Ledger(Protocol):
    """Atomic holds over all scopes. Every entry returned must reach a durable record; then `apply` it."""

    async def affordable(self, scopes: Sequence[str]) -> Affordable:
        """Return what cap minus settled leaves over all scopes; holds do not count."""
        ...

    async def hold(
        self, order: Order, *, tenant: str, run: str, until_ns: int, replaces: SettleEntry | None = None
    ) -> HoldEntry | Held | Exceeded | Ended:
        """Reserve in all scopes or none, waiting until `until_ns` (monotonic) for others' holds to fall."""
        ...

    async def count(self, run_id: str, dimension: str, number: int = 1) -> CountEntry | Exceeded | Ended:
        """Take a count in a run and all its ancestors, or nothing."""
        ...

    async def open_run(
        self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run below its parent, counting it as an agent in every ancestor."""
        ...

    def settle(self, hold_id: str, charge: Charge) -> SettleEntry | RefundEntry | None:
        """Make the entry for a charge; the hold stands until it is applied."""
        ...

    def apply(self, entry: Entry) -> None:
        """Let an entry lower what it lowers: its record is durable."""
        ...

    def drop(self, hold_id: str) -> None:
        """Forget a hold whose intent never became durable."""
        ...

    def expire(self) -> list[ExpireEntry]:
        """Charge holds whose time is over in full."""
        ...


class LocalLedger:
    """The embedded ledger with its wait queue, as a `Ledger`. `books` is everything else: caps, kills, replay."""

    __slots__ = ("apply", "books", "drop", "expire", "hold", "queue", "settle")

    def __init__(self, clock: Clock, *, waiters_max: int = 10_000, tenant_waiters_max: int = 2_000) -> None:
        self.books = EmbeddedLedger(clock)
        self.queue = WaitQueue(self.books, clock, waiters_max=waiters_max, tenant_waiters_max=tenant_waiters_max)
        self.hold = self.queue.hold
        self.settle = self.books.settle
        self.apply = self.books.apply
        self.drop = self.books.drop
        self.expire = self.books.expire

    async def affordable(self, scopes: Sequence[str]) -> Affordable:
        """Return what cap minus settled leaves over all scopes; holds do not count."""
        return self.books.affordable(scopes)

    async def count(self, run_id: str, dimension: str, number: int = 1) -> CountEntry | Exceeded | Ended:
        """Take a count in a run and all its ancestors, or nothing."""
        return self.books.count(run_id, dimension, number)

    async def open_run(
        self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run below its parent, counting it as an agent in every ancestor."""
        return self.books.open_run(run_id, limits, expires_us, parent)
