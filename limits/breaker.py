r"""A circuit breaker that is told outcomes after they were classified.

             failures_max failures in a row                      open_s over, doubled each time, jittered
    closed ─────────────────────────────────▶ open ─────────────────────────────────────────▶ half-open
       ▲                                        ▲                                               │ one probe
       ├──────────── the probe succeeds ────────┼───────────────────────────────────────────────┤
       │                                        └──────────── the probe fails ──────────────────┤
       │                                                 the probe is neutral or never reports: the next is probe
By hand, from any state: close() to closed, open(s) to open for so long, reset() ends an open time (the next call is the
probe) and forgets failures and back-off.
Neutral is what says nothing about the upstream: a client that left, our own refusals, most 4xx. Outcomes of calls that
were let in before the last change of state are ignored.
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from .clock import Clock

Outcome = Literal["success", "failure", "neutral"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When to open, and for how long. The n-th opening in a row lasts `open_s * 2**n`, at most `open_s_max`."""

    failures_max: int = 5
    open_s: float = 5.0
    open_s_max: float = 120.0
    jitter: float = 0.2
    probe_s_max: float = 60.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send once; hand it back with its outcome. `epoch` ties it to the state it was given in."""

    epoch: int
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """No leave to send; seconds until a probe may be allowed."""

    wait_s: float


class Breaker:
    """One breaker, for one upstream, model and credential. Not thread-safe: one event loop owns it."""

    __slots__ = (
        *("_chance", "_clock", "_openings", "_permit", "_policy", "_probe_until_ns", "_until_ns"),
        *("failures", "name", "state"),
    )

    def __init__(
        self,
        name: str,
        clock: Clock,
        policy: BreakerPolicy,
        chance: Random,
    ) -> None:
        self.name = name
        self.state = "closed"
        """`closed`, `open` or `half-open`. An open one turns half-open when it is next asked after its time."""
        self.failures = 0
        """Failures in a row while closed."""
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._permit = Permit(0)
        self._openings = 0
        self._until_ns = 0
        self._probe_until_ns = 0

    @property
    def wait_s(self) -> float:
        """Seconds until an open one lets a probe through; 0 unless it is open."""
        if self.state != "open":
            return 0.0
        return max(0, self._until_ns - self._clock.monotonic_ns()) / 1e9

    @property
    def openings(self) -> int:
        """How often in a row it opened by itself; each time it stays open twice as long."""
        return self._openings

    def ask(self) -> Permit | Blocked:
        """Ask for leave to send. A Permit must be given to `report` whatever happens."""
        if self.state == "closed":
            return self._permit
        now = self._clock.monotonic_ns()
        until = self._until_ns if self.state == "open" else self._probe_until_ns
        if now < until:
            return Blocked((until - now) / 1e9)
        self._turn("half-open")
        self._probe_until_ns = now + round(self._policy.probe_s_max * 1e9)
        return self._permit

    def _turn(self, state: str) -> None:
        """Change the state; permits of before count no more."""
        self.state = state
        self._permit = Permit(self._permit.epoch + 1, probe=state == "half-open")

    def report(self, permit: Permit, outcome: Outcome) -> None:
        """Tell what became of a permitted call; one from before the last change of state changes nothing."""
        if permit.epoch != self._permit.epoch:
            return
        if permit.probe:
            if outcome == "success":
                self.close()
            elif outcome == "failure":
                self._open()
            else:
                self._probe_until_ns = 0
        elif outcome == "success":
            self.failures = 0
        elif outcome == "failure":
            self.failures += 1
            if self.failures >= self._policy.failures_max:
                self._open()

    def open(self, seconds: float) -> None:
        """Open by hand (or because the upstream asked for a pause) for so long."""
        self._until_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        self._turn("open")

    def close(self) -> None:
        """Close, by hand or after a good probe; failures and back-off start anew."""
        self._openings = self.failures = 0
        self._turn("closed")

    def reset(self) -> None:
        """Forget failures and back-off, by hand; if it is open or half-open, the next call is the probe."""
        self._openings = self.failures = 0
        self._until_ns = self._probe_until_ns = 0

    def _open(self) -> None:
        policy = self._policy
        seconds = min(policy.open_s_max, policy.open_s * 2 ** min(self._openings, 30))
        self._openings += 1
        self.open(seconds * (1 + policy.jitter * self._chance.random()))


class Breakers:
    """Breakers by key, made when first asked for; at most `breakers_max`, the one longest unused leaves first."""

    def __init__(
        self,
        clock: Clock,
        policy: BreakerPolicy,
        chance: Random,
        *,
        breakers_max: int = 10_000,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._max = breakers_max
        self._breakers: dict[tuple[str, ...], Breaker] = {}

    def of(self, *key: str) -> Breaker:
        """Return the breaker of (upstream, model, credential) or (tool,)."""
        breaker = self._breakers.pop(key, None)
        if breaker is None:
            breaker = Breaker("/".join(key), self._clock, self._policy, self._chance)
            if len(self._breakers) >= self._max:
                del self._breakers[next(iter(self._breakers))]
        self._breakers[key] = breaker
        return breaker

    def all(self) -> list[Breaker]:
        """Return every breaker there is, for the admin API."""
        return list(self._breakers.values())
