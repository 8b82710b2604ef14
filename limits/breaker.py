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
were let in before the last change of state are ignored: `epoch` counts those. Processes that share a breaker (`share`)
follow whichever has come further, so one is the probe for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Literal, NamedTuple, Protocol

from .circuit import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
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
    probe: bool = False


class Standing(NamedTuple):
    """How a breaker stands, to be told to another process. `until_ns` and `probe_until_ns` are monotonic here."""

    epoch: int
    state: str
    until_ns: int
    openings: int
    failures: int
    probe_until_ns: int


class Sharing(Protocol):
    """What tells other processes of a breaker, and the breaker of them (`Breaker.follow`). Nothing here fails."""

    def turned(self, breaker: "Breaker") -> None:
        """Tell that it changed its state."""
        ...

    def counted(self, breaker: "Breaker", *, failed: bool) -> None:
        """Tell that a closed one failed, or that it no longer fails."""
        ...

    async def claim(self, breaker: "Breaker", permit: Permit) -> Permit | Blocked:
        """Return the probe's permit if no other process has it, else what there is instead."""
        ...


class Breaker:
    """One breaker, for one upstream, model and credential. Not thread-safe: one event loop owns it."""

    __slots__ = (
        *("_chance", "_circuit", "_clock", "_epoch", "_leave", "_openings", "_policy", "_probe_until_ns", "_sharing"),
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
        self._sharing: Sharing | None = None

    def share(self, sharing: Sharing) -> None:
        """Share it with other processes from now on."""
        self._sharing = sharing

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
        """Ask for leave to send. A Permit must be given to `report` whatever happens; a probe's to `claim` before."""
        if self._leave is not None:
            return self._leave
        now = self._clock.monotonic_ns()
        if self._circuit.current_state == STATE_OPEN:
            if now < self._until_ns:
                return Blocked((self._until_ns - now) / 1e9)
            self._circuit.half_open()
        elif now < self._probe_until_ns:
            return Blocked((self._probe_until_ns - now) / 1e9)
        self._epoch += 1
        self._probe_until_ns = now + round(self._policy.probe_s_max * 1e9)
        return Permit(self._epoch, probe=True)

    async def claim(self, permit: Permit) -> Permit | Blocked:
        """Return a probe's permit, unless another process that shares this breaker has the probe or knows better."""
        return permit if self._sharing is None else await self._sharing.claim(self, permit)

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
                self._turn()
        elif outcome == "success":
            if storage.counter:
                storage.reset_counter()
                if self._sharing is not None:
                    self._sharing.counted(self, failed=False)
        elif outcome == "failure":
            storage.increment_counter()
            if storage.counter >= self._policy.failures_max:
                self._open()
            elif self._sharing is not None:
                self._sharing.counted(self, failed=True)

    def open(self, seconds: float) -> None:
        """Open by hand (or because the upstream asked for a pause) for so long."""
        self._until_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        self._circuit.open()
        self._turn()

    def close(self) -> None:
        """Close, by hand or after a good probe; failures and back-off start anew."""
        self._openings = 0
        self._circuit._state_storage.reset_counter()  # noqa: SLF001 - as above
        self._circuit.close()
        self._turn()

    def reset(self) -> None:
        """Forget failures and back-off, by hand; if it is open or half-open, the next call is the probe."""
        self._openings = 0
        self._circuit._state_storage.reset_counter()  # noqa: SLF001 - as above
        self._until_ns = self._probe_until_ns = 0
        self._turn()

    def stands(self) -> Standing:
        """Return how it stands, for other processes."""
        at = self._until_ns, self._openings, self.failures, self._probe_until_ns
        return Standing(self._epoch, self.state, *at)

    def follow(self, other: Standing) -> None:
        """Stand as another process does that has seen as many changes or more; all failures together may open it."""
        if other.epoch < self._epoch:
            return
        if other.state != self.state:
            turn = {STATE_OPEN: self._circuit.open, STATE_HALF_OPEN: self._circuit.half_open}
            turn.get(other.state, self._circuit.close)()
        storage = self._circuit._state_storage  # noqa: SLF001 - as above
        storage.reset_counter()
        for _ in range(other.failures):
            storage.increment_counter()
        self._until_ns, self._probe_until_ns = other.until_ns, other.probe_until_ns
        self._openings = other.openings
        self._epoch = other.epoch
        self._leave = Permit(other.epoch) if other.state == STATE_CLOSED else None
        if self._leave is not None and other.failures >= self._policy.failures_max:
            self._open()

    def _turn(self) -> None:
        """Note a change of state: what was permitted before no longer says anything."""
        self._epoch += 1
        self._leave = Permit(self._epoch) if self._circuit.current_state == STATE_CLOSED else None
        if self._sharing is not None:
            self._sharing.turned(self)

    def _open(self) -> None:
        policy = self._policy
        seconds = min(policy.open_s_max, policy.open_s * 2 ** min(self._openings, 30))
        self._openings += 1
        self.open(seconds * (1 + policy.jitter * self._chance.random()))
