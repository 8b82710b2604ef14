"""What the gateway asks of a ledger, whichever implementation stands behind it.

What must be answered before a call goes on is `async`, because a replicated ledger asks another machine; the embedded
one answers without ever suspending, except while a hold waits. What only writes down (`settle`, `apply`, `drop`)
is synchronous: it takes effect here and now, and a replicated ledger sends it on in the background. That is safe
because until it arrives a balance is only higher than the truth, never lower.

`tenant` is whose scope or run it is: a replicated ledger keeps all of one tenant in one place.
"""

from collections.abc import Sequence
from typing import Protocol

from .accounts import Cap
from .balances import Balances
from .books import Affordable, Books
from .clock import Clock
from .entries import (
    CapsEntry,
    CountEntry,
    Entry,
    ExpireEntry,
    HoldEntry,
    KillEntry,
    RefundEntry,
    RunEndedEntry,
    RunOpenedEntry,
    RunPausedEntry,
    SettleEntry,
)
from .ledger import Crossing, EmbeddedLedger, Order
from .marks import Marks
from .queue import WaitQueue
from .refusals import Ended, Exceeded, Held
from .runs import RunLimits
from .standing import Charge


class RunSeen(Protocol):
    """A run as a call needs it. Its counts are to be told or guessed by; only `count` decides."""

    @property
    def path(self) -> tuple[str, ...]:
        """Return the scopes of the run and its ancestors, nearest first."""
        ...

    @property
    def counts(self) -> Sequence[int]:
        """Return what was counted, ordered as `limits.runs.COUNTED`."""
        ...

    def until_us(self) -> int:
        """Return when its wall-clock, or an ancestor's, is used up (FOREVER: nothing bounds it)."""
        ...

    def refuse_count(self, index: int, number: int) -> Exceeded | None:
        """Say whether so much more of a counter would not fit here or in an ancestor."""
        ...


class Ledger(Protocol):
    """Atomic holds over all scopes. Every entry returned must reach a durable record; then `apply` it.

    `marks` lists the charges that are not simply the bill, and the bounds they suspend.
    """

    @property
    def marks(self) -> Marks:
        """Return the marked charges."""
        ...

    async def affordable(self, scopes: Sequence[str], *, tenant: str) -> Affordable:
        """Return what cap minus settled leaves over all scopes; holds do not count."""
        ...

    def glance(self, scopes: Sequence[str]) -> Affordable:
        """Return what `affordable` last said of these scopes, at no cost: to be told, not to be relied on."""
        ...

    async def hold(
        self, order: Order, *, tenant: str, run: str, until_ns: int, replaces: SettleEntry | None = None
    ) -> HoldEntry | Held | Exceeded | Ended:
        """Reserve in all scopes or none, waiting until `until_ns` (monotonic) for others' holds to fall."""
        ...

    async def count(
        self, run_id: str, dimension: str, number: int = 1, *, tenant: str
    ) -> CountEntry | Exceeded | Ended:
        """Take a count in a run and all its ancestors, or nothing."""
        ...

    async def look(self, run_id: str, *, tenant: str, fresh: bool = False) -> RunSeen | None:
        """Return a run that is still remembered; its counts as last heard of, or as of now with `fresh`."""
        ...

    async def balances(self, scope: str, *, tenant: str) -> Balances | None:
        """Return what a scope has spent, its caps and counters; None if nothing is known of it."""
        ...

    async def open_run(
        self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None, *, tenant: str
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run below its parent, counting it as an agent in every ancestor. ValueError if the id is taken."""
        ...

    async def end_run(self, run_id: str, why: str = "ended", *, tenant: str) -> RunEndedEntry | None:
        """End a run and its children; None if it is unknown or has ended."""
        ...

    async def set_caps(self, scope: str, caps: Sequence[Cap], zone: str = "UTC", *, tenant: str) -> CapsEntry | None:
        """Replace a scope's caps from now on; None if nothing changes."""
        ...

    async def kill(self, scope: str, *, on: bool = True, tenant: str) -> KillEntry:
        """Stop every further hold in a scope at once (a run with its children); `on=False` revives all but runs."""
        ...

    async def expire(self) -> Sequence[ExpireEntry | RefundEntry]:
        """Charge holds whose time is over in full; also return refunds of those that were settled after all."""
        ...

    async def forget_runs(self) -> int:
        """Drop runs that expired a day ago or longer; return how many. Call it now and then."""
        ...

    def generation_of(self, entry: HoldEntry) -> int | None:
        """Return what the book must compare with its fence before this hold's intent is durable; None: nothing."""
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

    def give_back(self, entry: CountEntry) -> CountEntry:
        """Return the entry that takes a count back; it takes effect when it is applied."""
        ...

    def pause_run(self, run_id: str, *, on: bool = True, tenant: str) -> RunPausedEntry | None:
        """Stop (or restart) a run's wall-clock while it waits for an approval; None if it is unknown."""
        ...

    def drain_crossings(self) -> list[Crossing]:
        """Return the soft caps crossed by charges made here since the last call."""
        ...


class LocalLedger:
    """The embedded ledger with its wait queue, as a `Ledger`. `books` is what replay and snapshots need."""

    __slots__ = (
        "apply",
        "books",
        "drain_crossings",
        "drop",
        "give_back",
        "glance",
        "hold",
        "marks",
        "queue",
        "settle",
    )

    def __init__(self, clock: Clock, *, waiters_max: int = 10_000, tenant_waiters_max: int = 2_000) -> None:
        self.books = EmbeddedLedger(clock)
        self.queue = WaitQueue(self.books, clock, waiters_max=waiters_max, tenant_waiters_max=tenant_waiters_max)
        self.marks = self.books.marks
        self.hold = self.queue.hold
        self.settle = self.books.settle
        self.apply = self.books.apply
        self.drop = self.books.drop
        self.glance = self.books.affordable
        self.give_back = Books.give_back
        self.drain_crossings = self.books.drain_crossings

    async def affordable(self, scopes: Sequence[str], *, tenant: str) -> Affordable:
        """Return what cap minus settled leaves over all scopes; holds do not count."""
        return self.books.affordable(scopes)

    async def count(
        self,
        run_id: str,
        dimension: str,
        number: int = 1,
        *,
        tenant: str,
    ) -> CountEntry | Exceeded | Ended:
        """Take a count in a run and all its ancestors, or nothing."""
        return self.books.count(run_id, dimension, number)

    async def look(self, run_id: str, *, tenant: str, fresh: bool = False) -> RunSeen | None:
        """Return a run that is still remembered."""
        return self.books.run(run_id)

    async def balances(self, scope: str, *, tenant: str) -> Balances | None:
        """Return what a scope has spent, its caps and counters; None if nothing is known of it."""
        return self.books.balances(scope)

    async def open_run(
        self,
        run_id: str,
        limits: RunLimits,
        expires_us: int,
        parent: str | None = None,
        *,
        tenant: str,
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run below its parent, counting it as an agent in every ancestor. ValueError if the id is taken."""
        return self.books.open_run(run_id, limits, expires_us, parent)

    async def end_run(self, run_id: str, why: str = "ended", *, tenant: str) -> RunEndedEntry | None:
        """End a run and its children; None if it is unknown or has ended."""
        return self.books.end_run(run_id, why)

    async def set_caps(
        self,
        scope: str,
        caps: Sequence[Cap],
        zone: str = "UTC",
        *,
        tenant: str,
    ) -> CapsEntry | None:
        """Replace a scope's caps from now on; None if nothing changes."""
        return self.books.set_caps(scope, caps, zone)

    async def kill(self, scope: str, *, on: bool = True, tenant: str) -> KillEntry:
        """Stop every further hold in a scope at once (a run with its children); `on=False` revives all but runs."""
        return self.books.kill(scope, on=on)

    async def expire(self) -> Sequence[ExpireEntry | RefundEntry]:
        """Charge holds whose time is over in full."""
        return self.books.expire()

    async def forget_runs(self) -> int:
        """Drop runs that expired a day ago or longer; return how many. Call it now and then."""
        return self.books.forget_runs()

    def generation_of(self, entry: HoldEntry) -> int | None:
        """Return None: there is no other generation than this process."""
        return None

    def pause_run(self, run_id: str, *, on: bool = True, tenant: str) -> RunPausedEntry | None:
        """Stop (or restart) a run's wall-clock while it waits for an approval; None if it is unknown."""
        return self.books.pause_run(run_id, on=on)
