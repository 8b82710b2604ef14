"""How long calls take: percentiles by tenant and model, and how fast the latency budgets of profiles burn.

What counts is the time from a request's head to its answer: of a stream to its first event. Refusals do not count; a
failure is as bad as the slowest call. `limits.burn` says how the rates are read.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from limits.burn import WINDOWS_S, Burn
from limits.clock import Clock
from limits.quantiles import Quantiles

from .call import Call
from .errors import Failure
from .papers import Profile

SHARES = {"0.5": 0.5, "0.95": 0.95, "0.99": 0.99}
PAIRS_MAX = 2_000
_OTHER = "other"


class Latency:
    """Figures since the start. At most PAIRS_MAX pairs of tenant and model are told apart; further ones are `other`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pairs: dict[tuple[str, str], Quantiles] = {}
        self._burns: dict[str, tuple[Burn | None, Burn | None]] = {}

    def ended(self, call: Call, taken_s: float) -> None:
        """Take in a call that ended `taken_s` after its head."""
        if call.tenant is None or call.model is None:
            return
        failed = isinstance(call.ending, Failure)
        if call.ending is not None and not failed:
            return
        if call.clear is not None and call.clear.stream and call.attempts:
            first_ns = call.attempts[-1].first_event_ns
            if first_ns is not None:
                taken_s = (first_ns - call.started_ns) / 1e9
        if not failed:
            self._of(call.tenant.id, call.model.label).add(taken_s)
        profile: Profile = call.profile
        if profile.p95_s is not None or profile.p99_s is not None:
            for burn, limit_s in zip(self._burn(profile), (profile.p95_s, profile.p99_s), strict=True):
                if burn is not None and limit_s is not None:
                    burn.add(bad=failed or taken_s > limit_s)

    def _of(self, tenant: str, model: str) -> Quantiles:
        pair = (tenant, model)
        found = self._pairs.get(pair)
        if found is None:
            if len(self._pairs) >= PAIRS_MAX:
                pair = (_OTHER, _OTHER)
            found = self._pairs.setdefault(pair, Quantiles(self._clock))
        return found

    def _burn(self, profile: Profile) -> tuple[Burn | None, Burn | None]:
        burns = self._burns.get(profile.name)
        if burns is None:
            slow = None if profile.p95_s is None else Burn(self._clock, 0.05)
            slowest = None if profile.p99_s is None else Burn(self._clock, 0.01)
            burns = self._burns[profile.name] = (slow, slowest)
        return burns

    def collect(self) -> Iterator[Metric]:
        """Return the samples of this moment."""
        times = GaugeMetricFamily(
            "tollhouse_latency_seconds",
            "Percentiles of the last five to ten minutes: to the answer, of streams to the first event",
            labels=("tenant", "model", "quantile"),
        )
        for (tenant, model), quantiles in self._pairs.items():
            for name, seconds in zip(SHARES, quantiles.of(*SHARES.values()), strict=True):
                if seconds is not None:
                    times.add_metric((tenant, model, name), seconds)
        yield times
        rates = GaugeMetricFamily(
            "tollhouse_latency_burn_rate",
            "How many times faster than allowed a profile's latency budget burns",
            labels=("profile", "objective", "window"),
        )
        for profile, burns in self._burns.items():
            for objective, burn in zip(("p95", "p99"), burns, strict=True):
                if burn is not None:
                    for window, seconds in WINDOWS_S.items():
                        rates.add_metric((profile, objective, window), burn.rate(seconds))
        yield rates
