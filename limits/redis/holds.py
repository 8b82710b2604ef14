"""Holds on Redis: granted by one script, waited for across processes, charged in the background.

A wait is a ticket in a queue that Redis keeps (`lua/queue.lua`): its process is told when it is first and room
appeared, and asks again now and then anyway, for windows begin anew and runs end without anybody's doing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from ..accounts import DIMENSIONS, Cap
from ..clock import Clock
from ..entries import (
    ConfirmEntry,
    CountEntry,
    Entry,
    ExpireEntry,
    HoldEntry,
    RefundEntry,
    SettleEntry,
    from_dict,
    to_dict,
)
from ..ledger import Crossing, Order
from ..marks import MARKS, Marks
from ..money import AMOUNT_MAX
from ..refusals import Ended, Exceeded, Held
from ..standing import Charge, amounts_of
from .asking import Asking
from .link import Source
from .views import COUNTERS, WINDOW_OF, Days

_TICK_S = 0.5
_EXPIRE_AT_ONCE = 200
_TENANTS_A_TURN = 200
_decode = msgspec.msgpack.Decoder().decode


class _Own(msgspec.Struct, gc=False):
    """A hold that this process was granted."""

    entry: HoldEntry
    tenant: str
    generation: int
    settlement: SettleEntry | None = None


class _Wish(msgspec.Struct, gc=False):
    """What a call asks for, and as whose."""

    order: Order
    tenant: str
    run: str
    replaces: SettleEntry | None


class _Waiter:
    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None

    def wake(self) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_result(None)


class Holds(Asking):
    """What the ledger does with holds. `waiters_max` bounds all waits here, `tenant_waiters_max` those of a tenant."""

    def __init__(
        self,
        url: str,
        source: Source,
        clock: Clock,
        *,
        waiters_max: int = 10_000,
        tenant_waiters_max: int = 2_000,
        marked_max: int = 20_000,
        **bounds: Any,
    ) -> None:
        super().__init__(url, source, clock, **bounds)
        self.marks = Marks(marked_max)
        self._max = waiters_max
        self._tenant_max = tenant_waiters_max
        self._own: dict[str, _Own] = {}
        self._counted: dict[str, int] = {}
        self._tenant_of_run: dict[str, str] = {}
        self._waiters: dict[str, _Waiter] = {}
        self._waiting: dict[str, int] = {}
        self._crossings: list[Crossing] = []
        self._late: list[RefundEntry] = []
        self._turn = 0

    async def hold(
        self, order: Order, *, tenant: str, run: str, until_ns: int, replaces: SettleEntry | None = None
    ) -> HoldEntry | Held | Exceeded | Ended:
        """Reserve in all scopes or none, waiting until `until_ns` (monotonic) for others' holds to fall.

        A cancelled wait leaves no hold behind. No amount above 2^53 is ever granted.
        """
        if order.nano > AMOUNT_MAX:
            return Exceeded("call", "nano_usd", "call", AMOUNT_MAX, 0, order.nano)
        if self.outbox.full:
            raise self._unavailable("the ledger cannot answer: too much waits to be charged")
        may_wait = (
            until_ns > self._clock.monotonic_ns()
            and len(self._waiters) < self._max
            and self._waiting.get(tenant, 0) < self._tenant_max
        )
        try:
            wish = _Wish(order, tenant, run, replaces)
            answer = await self._try(wish, waits=may_wait, waited=False)
            if isinstance(answer, Held) and may_wait:
                answer = await self._wait(wish, until_ns, answer)
        except ValueError:
            raise
        except BaseException:
            # Redis may have granted what nobody is told of any more.
            self._forget(order.id, tenant, "" if replaces is None else replaces.id)
            raise
        return answer

    async def _wait(self, wish: _Wish, until_ns: int, answer: Held) -> HoldEntry | Held | Exceeded | Ended:
        order, tenant = wish.order, wish.tenant
        loop = asyncio.get_running_loop()
        waiter = self._waiters[order.id] = _Waiter()
        self._waiting[tenant] = self._waiting.get(tenant, 0) + 1
        try:
            while (left_s := (until_ns - self._clock.monotonic_ns()) / 1e9) > 0:
                waiter.future = loop.create_future()
                timer = loop.call_later(min(left_s, _TICK_S), waiter.wake)
                try:
                    await waiter.future
                finally:
                    timer.cancel()
                got = await self._try(wish, waits=True, waited=True)
                if not isinstance(got, Held):
                    return got
                answer = got
            self.outbox.put("drop", tenant, [order.id, ""])
            return answer
        finally:
            del self._waiters[order.id]
            self._waiting[tenant] -= 1
            if not self._waiting[tenant]:
                del self._waiting[tenant]

    async def _try(self, wish: _Wish, *, waits: bool, waited: bool) -> HoldEntry | Held | Exceeded | Ended:
        order, tenant, replaces = wish.order, wish.tenant, wish.replaces
        nano, inward, outward = order.nano, order.input_tokens, order.output_tokens
        before = "" if replaces is None else replaces.id
        charge: Any = () if replaces is None else amounts_of(*_figures(replaces), 0)
        entry: HoldEntry | None = None
        generation = 0

        def argument() -> list[Any]:
            nonlocal entry, generation
            now, generation = self._clock.utc_us(), self.link.generation
            zone, days = self._days(tenant)
            entry = HoldEntry(order.id, order.scopes, nano, inward, outward, now, order.expires_us, before)
            return [
                self._counted.get(tenant, 0),
                now,
                zone,
                days.at(now),
                order.id,
                order.scopes,
                (nano, inward, outward, inward + outward, 1),
                order.expires_us,
                msgspec.json.encode(entry).decode(),
                [(DIMENSIONS.index(cap.dimension), cap.limit) for cap in order.caps if cap.hard] if order.caps else (),
                before,
                charge,
                int(waits),
                wish.run,
                self.link.name,
                int(waited),
            ]

        answer = await self._ask("hold", tenant, argument)
        if isinstance(answer, int):
            self._counted[tenant] = max(answer, self._counted.get(tenant, 0))
            assert entry is not None  # noqa: S101 - an answer was asked for with one
            self._own[order.id] = _Own(entry, tenant, generation)
            return entry
        return _refusal(answer)

    def _forget(self, hold_id: str, tenant: str, before: str) -> None:
        self._own.pop(hold_id, None)
        self.outbox.put("drop", tenant, [hold_id, before])

    def generation_of(self, entry: HoldEntry) -> int | None:
        """Return the generation that a hold was granted in: the book takes its intent in no later one."""
        own = self._own.get(entry.id)
        return None if own is None else own.generation

    def settle(self, hold_id: str, charge: Charge) -> SettleEntry | RefundEntry | None:
        """Make the entry for a charge; the hold stands until it is applied. A second settlement returns the first's."""
        own = self._own.get(hold_id)
        if own is None:
            return self.marks.late(hold_id, charge.nano, charge.input_tokens, charge.output_tokens)
        if own.settlement is None:
            entry = own.settlement = SettleEntry(hold_id, *msgspec.structs.astuple(charge))
            held = own.entry
            if (
                entry.nano > held.nano
                or entry.input_tokens > held.input_tokens
                or entry.output_tokens > held.output_tokens
            ):
                self.outbox.put("raise", own.tenant, [hold_id, amounts_of(*_figures(entry), 1)])
            self.marks.suspend(entry)
        return own.settlement

    def drop(self, hold_id: str) -> None:
        """Forget a hold whose intent never became durable; its predecessor stands in full again. Twice is harmless."""
        own = self._own.get(hold_id)
        if own is not None:
            self._forget(hold_id, own.tenant, own.entry.replaces)

    def apply(self, entry: Entry) -> None:
        """Let an entry lower what it lowers, now that its record is durable. Twice is harmless; others do nothing."""
        if type(entry) is SettleEntry:
            own = self._own.pop(entry.id, None)
            if own is not None:
                hold, told = own.entry, ""
                if entry.mark in MARKS:
                    told = msgspec.json.encode([to_dict(hold), to_dict(entry)]).decode()
                argument = [0, entry.id, amounts_of(*_figures(entry), 0), told]
                self.outbox.put("settle", own.tenant, argument, lambda reply: self._charged(hold, entry, reply))
        elif isinstance(entry, RefundEntry):
            how = "refunded" if entry.why == "operator" else entry.why
            self._resolve(entry.id, how, entry.scopes, entry.at_us, amounts_of(*_figures(entry), 0))
        elif isinstance(entry, ConfirmEntry):
            self._resolve(entry.id, "confirmed", (), 0, ())
        elif isinstance(entry, CountEntry) and entry.number < 0:
            tenant = self._tenant_of_run.get(entry.run)
            if tenant is not None:
                argument = [self._clock.utc_us(), entry.run, COUNTERS[entry.dimension], entry.number]
                self.outbox.put("count", tenant, argument)

    def _charged(self, hold: HoldEntry, entry: SettleEntry, reply: Any) -> None:
        if reply == 2:  # noqa: PLR2004 - it was expired before, by any process, and charged in full
            self._late.append(
                RefundEntry(
                    hold.id,
                    hold.scopes,
                    hold.at_us,
                    hold.nano - entry.nano,
                    hold.input_tokens - entry.input_tokens,
                    hold.output_tokens - entry.output_tokens,
                )
            )
        elif isinstance(reply, bytes):
            self._cross(_decode(reply))

    def _cross(self, crossings: list[Any]) -> None:
        for scope, pair, limit, settled in crossings:
            cap = Cap(DIMENSIONS[int(pair[0])], int(limit), WINDOW_OF[pair[1]], hard=False)
            self._crossings.append(Crossing(scope, cap, int(settled)))
        del self._crossings[:-1_000]

    def _resolve(self, hold_id: str, how: str, scopes: tuple[str, ...], at_us: int, amounts: Sequence[int]) -> None:
        marked = self.marks.listed.get(hold_id)
        whose = scopes or (marked.hold.scopes if marked is not None else ())
        tenant = next((scope[7:] for scope in whose if scope.startswith("tenant:")), None)
        if tenant is None:
            return
        told = msgspec.json.encode({"id": hold_id, "how": how}).decode()
        starts = dict(Days(self._days(tenant)[0]).at(at_us))
        self.outbox.put("refund", tenant, [hold_id, scopes, starts, amounts, told])
        self.marks.resolve(hold_id, how)

    async def expire(self) -> Sequence[ExpireEntry | RefundEntry]:
        """Charge holds whose time is over in full: this process' own, and by turns every tenant's."""
        now = self._clock.utc_us()
        tenants = {own.tenant for own in self._own.values() if own.entry.expires_us <= now}
        known = list(self.link.keys)
        turn = known[self._turn : self._turn + _TENANTS_A_TURN]
        self._turn = 0 if self._turn + _TENANTS_A_TURN >= len(known) else self._turn + _TENANTS_A_TURN
        entries: list[ExpireEntry | RefundEntry] = []
        for tenant in tenants.union(turn):
            for hold_id, stored, crossings in await self._ask("expire", tenant, lambda: [now, _EXPIRE_AT_ONCE]):
                hold = msgspec.json.decode(stored, type=HoldEntry)
                charge = SettleEntry(hold_id, *_figures(hold), "expired")
                self._own.pop(hold_id, None)
                self.marks.add(hold, charge)
                told = msgspec.json.encode([to_dict(hold), to_dict(charge)]).decode()
                self.outbox.put("mark", tenant, [hold_id, told])
                self._cross(crossings)
                entries.append(ExpireEntry(hold_id))
        late, self._late = self._late, []
        return [*entries, *late]

    def drain_crossings(self) -> list[Crossing]:
        """Return the soft caps crossed by charges made here since the last call (at most the last 1,000)."""
        crossings, self._crossings = self._crossings, []
        return crossings

    def _opened(self) -> None:
        """Redis answers, maybe under a new generation: whoever waits asks again."""
        self._counted.clear()
        super()._opened()
        for waiter in self._waiters.values():
            waiter.wake()

    def _heard(self, channel: str, message: bytes) -> None:
        if channel != "th:marks":
            waiter = self._waiters.get(message.decode())
            if waiter is not None:
                waiter.wake()
            return
        told = msgspec.json.decode(message)
        if isinstance(told, dict):
            self.marks.resolve(told["id"], told["how"])
            return
        hold, charge = from_dict(told[0]), from_dict(told[1])
        if isinstance(hold, HoldEntry) and isinstance(charge, SettleEntry) and hold.id not in self.marks.listed:
            self.marks.add(hold, charge)
            self.marks.suspend(charge)
            if charge.mark == "expired":
                self._own.pop(hold.id, None)


def _figures(entry: HoldEntry | SettleEntry | RefundEntry) -> tuple[int, int, int]:
    return entry.nano, entry.input_tokens, entry.output_tokens


def _refusal(answer: list[Any]) -> Held | Exceeded | Ended:
    if answer[0] == "ended":
        return Ended(answer[1], answer[2])
    kind, scope, dim, letter, limit, settled, used, wanted = answer
    at = (scope, DIMENSIONS[int(dim)], WINDOW_OF[letter], int(float(limit)), int(settled))
    return Exceeded(*at, int(wanted)) if kind == "exceeded" else Held(*at, int(used) - int(settled), int(wanted))
