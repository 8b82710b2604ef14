r"""A circuit breaker that is told outcomes after they were classified; state and listeners are pybreaker's.

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

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Literal

from pybreaker import (
    STATE_CLOSED,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerListener,
    CircuitMemoryStorage,
)

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
        *("_chance", "_circuit", "_clock", "_epoch", "_leave", "_openings", "_policy", "_probe_until_ns"),
        "_until_ns",
    )

    def __init__(
        self,
        name: str,
        clock: Clock,
        policy: BreakerPolicy,
        chance: Random,
        listeners: Iterable[CircuitBreakerListener] = (),
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._circuit = CircuitBreaker(
            fail_max=policy.failures_max,
            state_storage=CircuitMemoryStorage(STATE_CLOSED),
            listeners=list(listeners),
            name=name,
        )
        self._epoch = 0
        self._leave: Permit | None = Permit(0)  # what a closed one gives out, None while it is not closed
        self._openings = 0
        self._until_ns = 0
        self._probe_until_ns = 0

    @property
    def name(self) -> str:
        """What it guards."""
        return str(self._circuit.name)

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`; an open one turns half-open when it is next asked after its time."""
        return str(self._circuit.current_state)

    @property
    def failures(self) -> int:
        """Failures in a row while closed."""
        return int(self._circuit.fail_counter)

    @property
    def wait_s(self) -> float:
        """Seconds until an open one lets a probe through; 0 unless it is open."""
        if self._circuit.current_state != STATE_OPEN:
            return 0.0
        return max(0, self._until_ns - self._clock.monotonic_ns()) / 1e9

    @property
    def openings(self) -> int:
        """How often in a row it opened by itself; each time it stays open twice as long."""
        return self._openings

    def ask(self) -> Permit | Blocked:
        """Ask for leave to send. A Permit must be given to `report` whatever happens."""
        if self._leave is not None:
            return self._leave
        now = self._clock.monotonic_ns()
        if self._circuit.current_state == STATE_OPEN:
            if now < self._until_ns:
                return Blocked((self._until_ns - now) / 1e9)
            self._epoch += 1
            self._circuit.half_open()
        elif now < self._probe_until_ns:
            return Blocked((self._probe_until_ns - now) / 1e9)
        else:
            self._epoch += 1
        self._probe_until_ns = now + round(self._policy.probe_s_max * 1e9)
        return Permit(self._epoch, probe=True)

    def report(self, permit: Permit, outcome: Outcome) -> None:
        """Tell what became of a permitted call; one from before the last change of state changes nothing."""
        if permit.epoch != self._epoch:
            return
        storage = self._circuit._state_storage  # noqa: SLF001 - the counters have no public setter
        if permit.probe:
            if outcome == "success":
                self.close()
            elif outcome == "failure":
                self._open()
            else:
                self._probe_until_ns = 0
        elif outcome == "success":
            if storage.counter:
                storage.reset_counter()
        elif outcome == "failure":
            storage.increment_counter()
            if storage.counter >= self._policy.failures_max:
                self._open()

    def open(self, seconds: float) -> None:
        """Open by hand (or because the upstream asked for a pause) for so long."""
        self._epoch += 1
        self._leave = None
        self._until_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        self._circuit.open()

    def close(self) -> None:
        """Close, by hand or after a good probe; failures and back-off start anew."""
        self._epoch += 1
        self._openings = 0
        self._circuit._state_storage.reset_counter()  # noqa: SLF001 - as above
        self._circuit.close()
        self._leave = Permit(self._epoch)

    def reset(self) -> None:
        """Forget failures and back-off, by hand; if it is open or half-open, the next call is the probe."""
        self._openings = 0
        self._circuit._state_storage.reset_counter()  # noqa: SLF001 - as above
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
        listeners: Iterable[CircuitBreakerListener] = (),
        *,
        breakers_max: int = 10_000,
    ) -> None:
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._listeners = tuple(listeners)
        self._max = breakers_max
        self._breakers: dict[tuple[str, ...], Breaker] = {}

    def of(self, *key: str) -> Breaker:
        """Return the breaker of (upstream, model, credential) or (tool,)."""
        breaker = self._breakers.pop(key, None)
        if breaker is None:
            breaker = Breaker("/".join(key), self._clock, self._policy, self._chance, self._listeners)
            if len(self._breakers) >= self._max:
                del self._breakers[next(iter(self._breakers))]
        self._breakers[key] = breaker
        return breaker

    def all(self) -> list[Breaker]:
        """Return every breaker there is, for the admin API."""
        return list(self._breakers.values())
