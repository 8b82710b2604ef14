"""Waiting for room that others hold: a fair, bounded queue in front of the ledger.

Lanes are FIFO, one a run; tenants take turns, and inside a tenant its runs do. Whoever is at the front of the turn and
still does not fit keeps everyone else out of the scope that blocks it, newcomers too, so a large call is not starved
by small ones; who does not touch that scope passes. A wait ends with a hold, a refusal, or `Held` at its deadline.
"""

import asyncio
from collections import deque

from .clock import Clock
from .entries import HoldEntry, SettleEntry
from .ledger import EmbeddedLedger, Order
from .refusals import Ended, Exceeded, Held

Answer = HoldEntry | Held | Exceeded | Ended
_TICK_S = 0.25


class _Waiter:
    __slots__ = ("future", "held", "order", "replaces")

    def __init__(self, order: Order, replaces: SettleEntry | None, held: Held, future: asyncio.Future[Answer]) -> None:
        self.order = order
        self.replaces = replaces
        self.held = held
        self.future = future

    def give_up(self) -> None:
        if not self.future.done():
            self.future.set_result(self.held)


class WaitQueue:
    """Holds that wait. `waiters_max` bounds all of them, `tenant_waiters_max` those of one tenant; beyond: `Held`."""

    def __init__(
        self, ledger: EmbeddedLedger, clock: Clock, *, waiters_max: int = 10_000, tenant_waiters_max: int = 2_000
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._max = waiters_max
        self._tenant_max = tenant_waiters_max
        self._lanes: dict[str, dict[str, deque[_Waiter]]] = {}
        self._waiting: dict[str, int] = {}
        self._count = 0
        self._blocked: dict[str, Held] = {}
        self._woken: asyncio.Handle | None = None
        self._tick: asyncio.TimerHandle | None = None
        ledger.on_fall = self._wake

    def __len__(self) -> int:
        return self._count

    async def hold(
        self, order: Order, *, tenant: str, run: str, until_ns: int, replaces: SettleEntry | None = None
    ) -> Answer:
        """Reserve, waiting until `until_ns` (monotonic) for others' holds to fall.

        A cancelled wait leaves no hold behind. Answers as `EmbeddedLedger.hold`; `Held` when time or places run out.
        """
        held = self._in_the_way(order) if self._blocked else None
        answer = self._ledger.hold(order, replaces) if held is None else self._ledger.refusal(order, replaces) or held
        if not isinstance(answer, Held):
            return answer
        left_s = (until_ns - self._clock.monotonic_ns()) / 1e9
        if left_s <= 0 or self._count >= self._max or self._waiting.get(tenant, 0) >= self._tenant_max:
            return answer
        loop = asyncio.get_running_loop()
        waiter = _Waiter(order, replaces, answer, loop.create_future())
        self._enter(waiter, tenant, run)
        timer = loop.call_later(left_s, waiter.give_up)
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if waiter.future.done() and not waiter.future.cancelled():
                self._ledger.drop(order.id)
            raise
        finally:
            timer.cancel()
            self._leave(waiter, tenant, run)

    def _in_the_way(self, order: Order) -> Held | None:
        for scope in order.scopes:
            held = self._blocked.get(scope)
            if held is not None:
                return held
        return None

    def _enter(self, waiter: _Waiter, tenant: str, run: str) -> None:
        self._lanes.setdefault(tenant, {}).setdefault(run, deque()).append(waiter)
        self._waiting[tenant] = self._waiting.get(tenant, 0) + 1
        self._count += 1
        self._blocked[waiter.held.scope] = waiter.held
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK_S, self._ticked)

    def _leave(self, waiter: _Waiter, tenant: str, run: str) -> None:
        """Take a waiter that was answered, gave up or was cancelled out, and whatever became empty with it."""
        runs = self._lanes[tenant]
        lane = runs[run]
        lane.remove(waiter)
        if not lane:
            del runs[run]
        self._waiting[tenant] -= 1
        if not runs:
            del self._lanes[tenant], self._waiting[tenant]
        self._count -= 1
        self._wake()

    def _wake(self) -> None:
        """Look again once this turn of the loop is over: many falls, one look."""
        if self._woken is None and self._count:
            self._woken = asyncio.get_running_loop().call_soon(self._look)
        elif not self._count:
            self._blocked = {}

    def _ticked(self) -> None:
        """Look again now and then too: windows begin anew and runs end without anything falling."""
        self._tick = asyncio.get_running_loop().call_later(_TICK_S, self._ticked) if self._count else None
        if self._count:
            self._look()

    def _look(self) -> None:
        self._woken = None
        self._blocked = {}
        moved = True
        while moved:
            moved = False
            for tenant in list(self._lanes):
                if self._serve(tenant):
                    self._lanes[tenant] = self._lanes.pop(tenant)
                    moved = True

    def _serve(self, tenant: str) -> bool:
        """Give one waiter of a tenant what it waits for, if one fits, and move its run to the end of the turn."""
        runs = self._lanes[tenant]
        for run in list(runs):
            waiter = next((waiter for waiter in runs[run] if not waiter.future.done()), None)
            if waiter is None:
                continue
            if self._in_the_way(waiter.order) is not None:
                continue
            answer = self._ledger.hold(waiter.order, waiter.replaces)
            if isinstance(answer, Held):
                waiter.held = self._blocked[answer.scope] = answer
                continue
            waiter.future.set_result(answer)
            runs[run] = runs.pop(run)
            return True
        return False
