"""The embedded ledger: atomic holds over all scopes of a call, settlements that lower a balance only when durable.

    hold ──▶ open ──settle──▶ settlement made, still standing ──apply──▶ charged
               ├──drop──▶ gone (its intent never became durable)
               ├──expire──▶ charged in full ──settle (late) + apply──▶ refunded
               └──hold(replaces=)──▶ charged, the rest swapped for the next attempt's hold

Nothing here awaits, blocks or does I/O. A cap holds because a hold is granted only if settled + held + wanted fits
every hard cap of every scope.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from .accounts import DIMENSIONS, Account, Cap, Cell, Route
from .books import Books
from .clock import Clock
from .entries import (
    ConfirmEntry,
    CountEntry,
    Entry,
    ExpireEntry,
    HoldEntry,
    RefundEntry,
    SettleEntry,
)
from .marks import Marks
from .refusals import Ended, Exceeded, Held
from .snapshot import VERSION, read_account, read_hold, write_account, write_holds
from .standing import Amounts, Charge, Standing, amounts_of, settled_back


class Order(msgspec.Struct, frozen=True, gc=False):
    """What a call asks for: amounts over `scopes` until `expires_us`. `caps` bound this very hold (scope `call`)."""

    id: str
    scopes: tuple[str, ...]
    nano: int
    input_tokens: int
    output_tokens: int
    expires_us: int
    caps: tuple[Cap, ...] = ()


class Crossing(msgspec.Struct, frozen=True, gc=False):
    """A soft cap that settled spend has just reached."""

    scope: str
    cap: Cap
    settled: int


def _nobody_waits() -> None:
    """Stand in for a wait queue."""


class EmbeddedLedger(Books):
    """Holds and settlements in memory, exact after replay of the durable journal.

    `on_fall` is called whenever room appears. `marks` lists the charges that an operator may confirm or refund.
    """

    def __init__(self, clock: Clock, *, marked_max: int = 20_000) -> None:
        super().__init__(clock)
        self.on_fall: Callable[[], None] = _nobody_waits
        self.marks = Marks(marked_max)
        self._crossings: list[Crossing] = []

    def hold(self, order: Order, replaces: SettleEntry | None = None) -> HoldEntry | Held | Exceeded | Ended:
        """Reserve the order's amounts in all scopes, or in none.

        `replaces` is the settlement just made for the predecessor's hold: the new hold may use all that settlement
        frees, in this one operation. Write both entries into one record; `apply` them when it is durable.
        """
        if replaces is not None:
            return self._replace(order, replaces)
        now = self._clock.utc_us()
        scopes = order.scopes
        first = self._accounts.get(scopes[0]) if scopes else None
        route = first.route if first is not None else None
        if route is None or now >= route.wake_us or route.scopes != scopes:
            found = self._route(scopes, now)
            if isinstance(found, Ended):
                return found
            route = found
        nano, input_tokens, output_tokens = order.nano, order.input_tokens, order.output_tokens
        amounts = (nano, input_tokens, output_tokens, input_tokens + output_tokens, 1)
        hold_id = order.id
        if hold_id in self._open:
            raise ValueError(f"hold {hold_id} is open already")
        fits = route.simple and not order.caps
        for dim, group in route.groups:
            amount = amounts[dim]
            for cell in group:
                used = cell.used = cell.used + amount
                if used > cell.limit:
                    fits = False
        if not fits and (refusal := self._refuse_added(order, amounts, route)) is not None:
            return refusal
        entry = HoldEntry(hold_id, scopes, nano, input_tokens, output_tokens, now, order.expires_us)
        self._open[hold_id] = Standing(entry, amounts, route.cells, route.tallies, route)
        return entry

    def _refuse_added(self, order: Order, amounts: Amounts, route: Route) -> Exceeded | Held | None:
        """Say what is in the way of amounts that were added already; they are taken out again if something is."""
        for cell in route.cells:
            cell.used -= amounts[cell.dim]
        refusal = self._refuse(order, amounts)
        if refusal is None:
            for cell in route.cells:
                cell.used += amounts[cell.dim]
        return refusal

    def _check_new(self, hold_id: str) -> None:
        if hold_id in self._open:
            raise ValueError(f"hold {hold_id} is open already")

    def _refuse(self, order: Order, amounts: Amounts) -> Exceeded | Held | None:
        held: Held | None = None
        for cap in order.caps:
            wanted = amounts[DIMENSIONS.index(cap.dimension)]
            if cap.hard and wanted > cap.limit:
                return Exceeded("call", cap.dimension, "call", cap.limit, 0, wanted)
        for scope in order.scopes:
            account = self._accounts[scope]
            for cap in account.call_caps:
                wanted = amounts[DIMENSIONS.index(cap.dimension)]
                if cap.hard and wanted > cap.limit:
                    return Exceeded(scope, cap.dimension, "call", cap.limit, 0, wanted)
            for cell in account.cells:
                wanted = amounts[cell.dim]
                dimension, window = cell.cap.dimension, cell.cap.window
                if cell.settled + wanted > cell.limit:
                    return Exceeded(scope, dimension, window, cell.limit, cell.settled, wanted)
                if held is None and cell.used + wanted > cell.limit:
                    held = Held(scope, dimension, window, cell.limit, cell.settled, cell.used - cell.settled, wanted)
        return held

    def _replace(self, order: Order, settlement: SettleEntry) -> HoldEntry | Held | Exceeded | Ended:
        before = self._open.get(settlement.id)
        if before is None or before.settlement is not settlement or before.follower:
            raise ValueError(f"hold {settlement.id} is not open with this settlement")
        self._check_new(order.id)
        charge = amounts_of(settlement.nano, settlement.input_tokens, settlement.output_tokens, 0)
        stood = before.figures()
        before.stand_with([charge[cell.dim] for cell in before.cells])
        answer = self.hold(order)
        if not isinstance(answer, HoldEntry):
            before.stand_with(stood)
            return answer
        entry = msgspec.structs.replace(answer, replaces=settlement.id)
        follower = self._open[order.id]
        follower.entry = entry
        before.yield_to(follower, charge)
        return entry

    def settle(self, hold_id: str, charge: Charge) -> SettleEntry | RefundEntry | None:
        """Make the entry for a charge; the hold stands until it is applied. A second settlement returns the first's.

        An expired hold gives a RefundEntry of the difference (negative if the charge is above the hold); an unknown
        or resolved one gives None.
        """
        hold = self._open.get(hold_id)
        if hold is None:
            return self.marks.late(hold_id, charge.nano, charge.input_tokens, charge.output_tokens)
        if hold.settlement is None:
            entry = SettleEntry(
                hold_id,
                charge.nano,
                charge.input_tokens,
                charge.output_tokens,
                charge.mark,
                charge.suspends,
                charge.reported_nano,
            )
            hold.settlement = entry
            own = hold.entry
            if (
                entry.nano > own.nano
                or entry.input_tokens > own.input_tokens
                or entry.output_tokens > own.output_tokens
            ):
                hold.stand_with(hold.at_least(amounts_of(entry.nano, entry.input_tokens, entry.output_tokens, 1)))
            if entry.suspends:
                self.marks.suspend(entry)
        return hold.settlement

    def drop(self, hold_id: str) -> None:
        """Forget a hold whose intent never became durable; its predecessor stands in full again. Twice is harmless."""
        if hold_id in self._open:
            self._withdraw(hold_id)
            self.on_fall()

    def _withdraw(self, hold_id: str) -> None:
        hold = self._open.pop(hold_id)
        hold.leave()
        before = self._open.get(hold.entry.replaces)
        if before is not None and before.settlement is not None:
            settlement = before.settlement
            before.follower = ""
            charge = amounts_of(settlement.nano, settlement.input_tokens, settlement.output_tokens, 1)
            before.stand_with(before.at_least(charge))

    def is_open(self, hold_id: str) -> bool:
        """Say whether a hold stands: neither charged nor dropped."""
        return hold_id in self._open

    def accounts(self) -> Iterator[Account]:
        """Return every account, parents before their children."""
        return iter(self._accounts.values())

    def standing(self) -> Iterator[Standing]:
        """Return every open hold in the order they were made."""
        return iter(self._open.values())

    def refusal(self, order: Order, replaces: SettleEntry | None = None) -> Held | Exceeded | Ended | None:
        """Say what `hold` would refuse this with now, taking nothing."""
        answer = self.hold(order, replaces)
        if isinstance(answer, HoldEntry):
            self._withdraw(order.id)
            return None
        return answer

    def apply(self, entry: Entry) -> None:
        """Let an entry lower what it lowers, now that its record is durable. Twice is harmless; others do nothing."""
        if type(entry) is SettleEntry:
            hold = self._open.pop(entry.id, None)
            if hold is None:
                return
            crossed = hold.close(entry.nano, entry.input_tokens, entry.output_tokens)
            if entry.mark != "billed" or crossed:
                self._note(hold, entry, crossed)
            self.on_fall()
        elif isinstance(entry, RefundEntry):
            self._take_refund(entry)
        elif isinstance(entry, ConfirmEntry):
            self.marks.resolve(entry.id, "confirmed")
        elif isinstance(entry, CountEntry) and entry.number < 0:
            self._take_count(entry)

    def _note(self, hold: Standing, entry: SettleEntry, crossed: Sequence[Cell]) -> None:
        for cell in crossed:
            scope = next((s for s in hold.entry.scopes if self._has(s, cell)), "")
            self._crossings.append(Crossing(scope, cell.cap, cell.settled))
        del self._crossings[:-1_000]
        self.marks.add(hold.entry, entry)

    def _has(self, scope: str, cell: Cell) -> bool:
        account = self._accounts.get(scope)
        return account is not None and cell in account.cells

    def drain_crossings(self) -> list[Crossing]:
        """Return the soft caps crossed since the last call (at most the last 1,000)."""
        crossings, self._crossings = self._crossings, []
        return crossings

    def expire(self) -> list[ExpireEntry]:
        """Charge every hold whose time is over in full; the entries are to be written. Call it every second or so."""
        now = self._clock.utc_us()
        over = [hold for hold in self._open.values() if hold.entry.expires_us <= now]
        entries = [ExpireEntry(hold.entry.id) for hold in over]
        for entry in entries:
            self._take_expiry(entry)
        return entries

    def _take_expiry(self, entry: ExpireEntry) -> None:
        hold = self._open.pop(entry.id, None)
        if hold is None:
            return
        own = hold.entry
        charge = SettleEntry(own.id, own.nano, own.input_tokens, own.output_tokens, "expired")
        crossed = hold.close(own.nano, own.input_tokens, own.output_tokens)
        self._note(hold, charge, crossed)
        self.on_fall()

    def _take_refund(self, entry: RefundEntry) -> None:
        if self.marks.resolve(entry.id, "refunded" if entry.why == "operator" else entry.why):
            accounts = [account for scope in entry.scopes if (account := self._accounts.get(scope)) is not None]
            settled_back(accounts, entry.at_us, entry.nano, entry.input_tokens, entry.output_tokens)
            self.on_fall()

    def replay(self, entries: Iterable[Entry]) -> None:
        """Rebuild from durable entries in their order, on top of what is there (nothing, or a loaded snapshot)."""
        takers = self._takers()
        for entry in entries:
            takers[type(entry)](entry)
        self._crossings.clear()  # what was crossed before the restart was told before it

    def _takers(self) -> dict[type, Callable[[Any], None]]:
        return super()._takers() | {
            HoldEntry: self._replay_hold,
            SettleEntry: self._replay_settle,
            ExpireEntry: self._take_expiry,
            RefundEntry: self._take_refund,
            ConfirmEntry: self.apply,
        }

    def _replay_settle(self, entry: SettleEntry) -> None:
        if entry.id in self._open:
            self.marks.suspend(entry)
        self.apply(entry)

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state, JSON-safe; see `limits.snapshot` for when it is exact."""
        return {
            "v": VERSION,
            "accounts": [write_account(account) for account in self._accounts.values()],
            "open": write_holds(hold.entry for hold in self._open.values()),
            "marks": self.marks.write(),
        }

    def load(self, snapshot: dict[str, Any]) -> None:
        """Take a snapshot's state over; ValueError unless this ledger is empty and the version is known."""
        if snapshot.get("v") != VERSION or self._accounts:
            raise ValueError(f"snapshot version {snapshot.get('v')} cannot be loaded here (expected {VERSION}, empty)")
        for written in snapshot["accounts"]:
            account = read_account(written, self.run(written.get("p", "")), self._zone(written["z"]))
            self._accounts[account.scope] = account
        for written in snapshot["open"]:
            self._replay_hold(read_hold(written))
        self.marks.read(snapshot["marks"])

    def _replay_hold(self, entry: HoldEntry) -> None:
        if entry.id in self._open:
            return
        accounts: list[Account] = []
        for scope in entry.scopes:
            account = self.account(scope, entry.at_us)
            if account is not None:
                if account.wake_us <= entry.at_us:
                    account.roll(entry.at_us)
                accounts.append(account)
        cells = tuple(c for account in accounts for c in account.cells if c.start_us <= entry.at_us)
        amounts = amounts_of(entry.nano, entry.input_tokens, entry.output_tokens)
        hold = Standing(entry, amounts, cells, tuple(account.tally_at(entry.at_us) for account in accounts))
        hold.place()
        self._open[entry.id] = hold
