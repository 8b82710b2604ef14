"""Soft caps: what was reached is in the book (kind `warning`), in a metric, and in a header of the calls that follow.

    settled spend reaches a soft cap ──at most a second──▶ record, durable ──`delivery`──▶ webhook, until it takes it

A cap is told once a window, and again if it was changed. Who was not told before a crash is told after the start: what
was told lies in `state`, in the transaction of its record.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from limits.accounts import Cap
from limits.balances import CapBalance
from limits.clock import Clock
from limits.money import nano_to_usd
from limits.seam import Ledger

from .directory import Directory
from .journal import Journal

_PUT = "INSERT INTO state_warned VALUES(?, ?, ?) ON CONFLICT(scope, cap) DO UPDATE SET ends_us = excluded.ends_us"
_FORGET = "DELETE FROM state_warned WHERE ends_us <= ?"
_REACHED_MAX = 100_000


class SoftCaps(Collector):
    """Tells of soft caps that were reached. `turn` belongs into the housekeeping, every second or so."""

    def __init__(self, ledger: Ledger, journal: Journal, directory: Directory, clock: Clock) -> None:
        self._ledger = ledger
        self._journal = journal
        self._directory = directory
        self._clock = clock
        self._told: dict[tuple[str, str], int] = {}
        self._waiting: dict[str, None] = {}
        self._reached: dict[str, tuple[int, str]] = {}
        self._counts: dict[tuple[str, str, str], int] = {}

    def words(self, scopes: Sequence[str]) -> str | None:
        """Return for a header what soft caps of these scopes are reached; None if none is."""
        reached = self._reached
        if not reached:
            return None
        return "; ".join(reached[scope][1] for scope in scopes if scope in reached) or None

    async def start(self) -> None:
        """Know what was told before, and tell what was not."""
        rows = self._journal.book.query("SELECT scope, cap, ends_us FROM state_warned")
        self._told = {(scope, cap): ends_us for scope, cap, ends_us in rows}
        for tenant in self._directory.tenants():
            self._wait_for(tenant.scope, tenant.caps)
        for key in self._directory.keys_of():
            self._wait_for(key.scope, key.caps)
        await self.turn()

    def _wait_for(self, scope: str, caps: Sequence[Cap]) -> None:
        if not all(cap.hard for cap in caps):
            self._waiting[scope] = None

    async def turn(self) -> None:
        """Tell of what was reached since; AuditUnavailable: the next turn tries again."""
        for crossing in self._ledger.drain_crossings():
            self._waiting[crossing.scope] = None
        now = self._clock.utc_us()
        over = [scope for scope, (ends_us, _) in self._reached.items() if ends_us <= now]
        for scope in over:
            del self._reached[scope]
        while self._waiting:
            scope = next(iter(self._waiting))
            await self._look(scope)
            del self._waiting[scope]

    async def minute(self) -> None:
        """Look again at what is reached: a cap may have been raised, a charge refunded; forget what is over."""
        self._waiting |= dict.fromkeys(self._reached)
        await self.turn()
        now = self._clock.utc_us()
        self._told = {key: ends_us for key, ends_us in self._told.items() if ends_us > now}
        await self._journal.book.change([(_FORGET, (now,))])

    async def _look(self, scope: str) -> None:
        tenant = self._tenant_of(scope)
        balances = None if tenant is None else await self._ledger.balances(scope, tenant=tenant)
        caps = () if balances is None else balances.caps
        reached = [cap for cap in caps if not cap.hard and cap.settled >= cap.limit]
        self._reached.pop(scope, None)
        for cap in reached:
            await self._tell(scope, tenant, cap)
        if reached and len(self._reached) < _REACHED_MAX:
            text = "; ".join(_words(scope, cap) for cap in reached)
            self._reached[scope] = (min(cap.ends_us for cap in reached), text)

    async def _tell(self, scope: str, tenant: str | None, cap: CapBalance) -> None:
        key = (scope, str(Cap(cap.dimension, cap.limit, cap.window, cap.hard)))
        if self._told.get(key) == cap.ends_us:
            return
        new: dict[str, Any] = {"limit": cap.limit, "settled": cap.settled}
        record = {
            "kind": "warning",
            "actor": "system",
            "reason": _words(scope, cap),
            "change": {"object": "soft cap", "id": f"{scope} {key[1]}", "old": None, "new": new},
        }
        await self._journal.write(record, tenant=tenant, statements=[(_PUT, (*key, cap.ends_us))])
        self._told[key] = cap.ends_us
        label = (scope.partition(":")[0], cap.dimension, cap.window)
        self._counts[label] = self._counts.get(label, 0) + 1

    def _tenant_of(self, scope: str) -> str | None:
        kind, _, name = scope.partition(":")
        if kind == "tenant":
            return name
        if kind == "key":
            key = self._directory.key(name)
            return None if key is None else key.tenant.id
        return name.partition("/")[0]

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment."""
        crossed = CounterMetricFamily(
            "tollhouse_soft_caps_crossed", "Soft caps that were reached", labels=("scope", "dimension", "window")
        )
        for label, number in self._counts.items():
            crossed.add_metric(label, number)
        yield crossed
        yield GaugeMetricFamily("tollhouse_soft_caps_reached", "Scopes over a soft cap", value=len(self._reached))


def _words(scope: str, cap: CapBalance) -> str:
    """Return `tenant: 105.00 of 100.00 usd a month`: without the scope's name, for a header."""
    usd = cap.dimension == "nano_usd"
    used, limit = (nano_to_usd(n) if usd else str(n) for n in (cap.settled, cap.limit))
    window = " in all" if cap.window == "total" else f" a {cap.window}"
    return f"{scope.partition(':')[0]}: {used} of {limit} {'usd' if usd else cap.dimension}{window}"
