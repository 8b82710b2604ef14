"""The replicated ledger: every process asks one Redis, which decides by script; what it knows comes from the book.

A hold is one script over all scopes of a call, and so atomic: granted in all or in none. Charges, drops and counts
given back are sent in the background: until they arrive a balance is higher than the truth, never lower. Without Redis,
or while it does not hold what the book says (`link.py`), every answer is the error passed in as `unavailable`.
"""

from collections.abc import Sequence
from typing import Any

from ..accounts import Cap
from ..balances import Balances
from ..books import Affordable, Books
from ..clock import Clock
from ..entries import CapsEntry, CountEntry, KillEntry, RunEndedEntry, RunOpenedEntry, RunPausedEntry
from ..refusals import Ended, Exceeded
from ..runs import RunLimits
from .holds import Holds
from .link import Source
from .views import COUNTERS, Days, Lineage, View, balances_of, field_of, fields_of, least


class RedisLedger(Holds):
    """A `limits.seam.Ledger`. Made anywhere, `start`ed in its event loop before it is used.

    `remembered_max` bounds how many scopes and runs are remembered as they were last read.
    """

    def __init__(self, url: str, source: Source, clock: Clock, *, remembered_max: int = 50_000, **bounds: Any) -> None:
        super().__init__(url, source, clock, **bounds)
        self._remembered_max = remembered_max
        self._left: dict[str, Affordable] = {}
        self._runs: dict[str, Lineage] = {}

    def _opened(self) -> None:
        """Redis answers, maybe under a new generation: what was known by the last one is asked anew."""
        self._runs.clear()
        self._left.clear()
        super()._opened()

    async def affordable(self, scopes: Sequence[str], *, tenant: str) -> Affordable:
        """Return what cap minus settled leaves over all scopes; holds do not count."""
        views = await self._read(tenant, scopes)
        if len(self._left) > self._remembered_max:
            self._left.clear()
        for view in views:
            self._left[view.scope] = view.affordable()
        return self.glance(scopes)

    def glance(self, scopes: Sequence[str]) -> Affordable:
        """Return what `affordable` last said of these scopes here, at no cost: to be told, not to be relied on."""
        return least([left for scope in scopes if (left := self._left.get(scope)) is not None])

    async def _read(self, tenant: str, scopes: Sequence[str], run: str = "") -> list[View]:
        def argument() -> list[Any]:
            zone, days = self._days(tenant)
            return [zone, days.at(self._clock.utc_us()), scopes, run]

        return [View(each) for each in await self._ask("read", tenant, argument)]

    async def look(self, run_id: str, *, tenant: str, fresh: bool = False) -> Lineage | None:
        """Return a run that is still remembered; its counts as last read here, or as of now with `fresh`."""
        if not fresh and (known := self._runs.get(run_id)) is not None:
            return known
        views = await self._read(tenant, (), run_id)
        if not views:
            return None
        if len(self._runs) > self._remembered_max:
            self._runs.clear()
        self._runs[run_id] = lineage = Lineage(views)
        return lineage

    async def balances(self, scope: str, *, tenant: str) -> Balances | None:
        """Return what a scope has spent, its caps and counters; None if nothing is known of it."""
        is_run = scope.startswith("run:")
        views = await self._read(tenant, (scope,), scope[4:] if is_run else "")
        if not views or not views[0].fields:
            return None
        now = self._clock.utc_us()
        why = next((why for view in views if (why := view.closed(now))), "")
        return balances_of(views[0], why, self._days(tenant)[1].ends)

    async def set_caps(self, scope: str, caps: Sequence[Cap], zone: str = "UTC", *, tenant: str) -> CapsEntry | None:
        """Replace a scope's caps from now on; None if nothing changes. ValueError as `Books.set_caps`."""
        written = tuple(sorted(map(str, caps)))
        if len({text.rpartition("/")[0] for text in written}) < len(written):
            raise ValueError(f"{scope} has two caps of one dimension, window and kind")
        days = self._zones.get(zone) or self._zones.setdefault(zone, Days(zone))
        fields = {field_of(cap): str(cap.limit) for cap in caps}
        now = self._clock.utc_us()

        def argument() -> list[Any]:
            before, old = self._days(tenant)
            earlier = old.at(now) if before != zone else False
            return [now, scope, fields, zone, days.at(now), days.days(now), earlier]

        changed, listed = await self._ask("caps", tenant, argument)
        if changed < 0:
            raise ValueError(f"no such run: {scope}")
        self._zone_of[tenant] = zone
        for told in listed:
            self._heard("th:marks", told.encode())
        return CapsEntry(scope, written, now, zone) if changed else None

    async def kill(self, scope: str, *, on: bool = True, tenant: str) -> KillEntry:
        """Stop every further hold in a scope at once (a run with its children); `on=False` revives all but runs."""
        await self._ask("close", tenant, lambda: [scope, "killed" if on else ""])
        return KillEntry(scope, int(on))

    # runs

    async def open_run(
        self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None, *, tenant: str
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run below its parent; the same run opened again (by another process) is returned as it stands.

        ValueError if the id is taken by a run with other limits, or by one that is over.
        """
        now, fields = self._clock.utc_us(), fields_of(limits)
        answer = await self._ask("open", tenant, lambda: [now, run_id, fields, parent or "", expires_us])
        if answer[0] == "taken":
            raise ValueError(f"run {run_id} is open already")
        if answer[0] == "open":
            return RunOpenedEntry(run_id, int(answer[1]), int(answer[2]), limits.as_dict(), parent or "")
        if answer[0] == "ended":
            return Ended(answer[1], answer[2])
        return Exceeded(answer[1], answer[4], "total", int(answer[2]), int(answer[3]), 1)

    async def end_run(self, run_id: str, why: str = "ended", *, tenant: str) -> RunEndedEntry | None:
        """End a run and its children; None if it is unknown or has ended."""
        changed = await self._ask("close", tenant, lambda: [f"run:{run_id}", why])
        return RunEndedEntry(run_id, why) if changed else None

    def pause_run(self, run_id: str, *, on: bool = True, tenant: str) -> RunPausedEntry | None:
        """Stop (or restart) a run's wall-clock while it waits for an approval."""
        now = self._clock.utc_us()
        self.outbox.put("pause", tenant, [now, run_id, int(on)])
        return RunPausedEntry(run_id, now, int(on))

    async def count(
        self, run_id: str, dimension: str, number: int = 1, *, tenant: str
    ) -> CountEntry | Exceeded | Ended:
        """Take a count in a run and all its ancestors, or nothing."""
        letter = COUNTERS.get(dimension)
        if letter is None:
            raise ValueError(f"{dimension!r} is not counted; one of {', '.join(COUNTERS)}")
        if number < 1:
            raise ValueError(f"counts one or more, not {number}")
        answer = await self._ask("count", tenant, lambda: [self._clock.utc_us(), run_id, letter, number], once=True)
        if answer == 1:
            if len(self._tenant_of_run) > self._remembered_max:
                del self._tenant_of_run[next(iter(self._tenant_of_run))]
            self._tenant_of_run[run_id] = tenant
            return CountEntry(run_id, dimension, number)
        if answer[0] == "ended":
            return Ended(answer[1], answer[2])
        return Exceeded(answer[1], dimension, "total", int(answer[2]), int(answer[3]), number)

    give_back = staticmethod(Books.give_back)

    async def forget_runs(self) -> int:
        """Return 0: Redis drops a run by itself, a day after it expired."""
        return 0
