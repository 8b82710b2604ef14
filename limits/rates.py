"""How fast: requests and tokens a minute (GCRA), and how many at once.

GCRA (generic cell rate algorithm, ITU-T I.371) keeps one number a key, the theoretical arrival time TAT:
    T      = 60 s / limit                      time one unit takes to grow back (rounded up to a nanosecond)
    TAT'   = max(now, TAT) + weight * T        if this request were let in
    let in   when TAT' - now <= burst * T, and then TAT = TAT'; else nothing changes, and it fits after
    wait   = TAT' - now - burst * T
    remaining = floor(burst - (TAT - now) / T);  all has grown back after  reset = TAT - now
Any 60 s see at most burst + limit units; `burst` is the limit unless told, as the providers' own limits behave.
Processes that share a Redis ask it for all of a call at once (`limits.redis.rates`), by the same arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .clock import Clock

_MINUTE_NS = 60_000_000_000
_KEYS_SWEPT_AT = 4_096


@dataclass(frozen=True, slots=True)
class RateAnswer:
    """Whether it was let in, and the figures for `x-ratelimit-*` and Retry-After (seconds; None: it never fits)."""

    ok: bool
    limit: int
    remaining: int
    reset_s: float
    wait_s: float | None = 0.0


class Wanted(NamedTuple):
    """What a call takes of one rate: `weight` units of those that a key may have in a minute."""

    key: str
    limit: int
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a call that asked for a place and its rates at once: all of it, or nothing."""

    has_place: bool
    rates: Sequence[RateAnswer] = ()
    """As asked for; of a call that was refused the first that is not `ok` is why."""


class Rate:
    """One kind of rate (requests or tokens a minute) for any number of keys; a key at rest costs nothing."""

    __slots__ = ("_clock", "_sweep_at", "_tat_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tat_ns: dict[str, int] = {}
        self._sweep_at = _KEYS_SWEPT_AT

    def take(self, key: str, limit: int, weight: int = 1, burst: int | None = None) -> RateAnswer:
        """Let `weight` units in, or none of them. ValueError unless limit and burst are at least 1."""
        burst = limit if burst is None else burst
        if limit < 1 or burst < 1 or weight < 0:
            raise ValueError(f"limit {limit} and burst {burst} must be at least 1, weight {weight} at least 0")
        now = self._clock.monotonic_ns()
        unit_ns = -(-_MINUTE_NS // limit)
        before = max(now, self._tat_ns.get(key, 0))
        after = before + weight * unit_ns
        if after - now > burst * unit_ns:
            wait_s = (after - now - burst * unit_ns) / 1e9 if weight <= burst else None
            remaining = max(0, burst - -(-(before - now) // unit_ns))
            return RateAnswer(False, limit, remaining, (before - now) / 1e9, wait_s)
        if key not in self._tat_ns and len(self._tat_ns) >= self._sweep_at:
            self._sweep(now)
        self._tat_ns[key] = after
        return RateAnswer(True, limit, burst - -(-(after - now) // unit_ns), (after - now) / 1e9)

    def give_back(self, key: str, limit: int, weight: int) -> None:
        """Return units that were taken and not used; never more than grows back by itself anyway."""
        tat = self._tat_ns.get(key)
        if tat is not None:
            self._tat_ns[key] = max(self._clock.monotonic_ns(), tat - weight * -(-_MINUTE_NS // limit))

    def _sweep(self, now: int) -> None:
        """Forget keys at rest; sweep again when twice as many have come as stay, so the cost is spread."""
        self._tat_ns = {key: tat for key, tat in self._tat_ns.items() if tat > now}
        self._sweep_at = max(_KEYS_SWEPT_AT, 2 * len(self._tat_ns))


class Concurrency:
    """How many of a key are under way at once."""

    __slots__ = ("_live",)

    def __init__(self) -> None:
        self._live: dict[str, int] = {}

    def enter(self, key: str, limit: int) -> bool:
        """Let one in if fewer than `limit` are; who was let in must `leave` once."""
        live = self._live.get(key, 0)
        if live >= limit:
            return False
        self._live[key] = live + 1
        return True

    def leave(self, key: str) -> None:
        """Let one out; ValueError if none is in."""
        live = self._live.get(key, 0)
        if live < 1:
            raise ValueError(f"{key} leaves but is not in")
        if live == 1:
            del self._live[key]
        else:
            self._live[key] = live - 1

    def live(self, key: str) -> int:
        """Return how many of a key are in."""
        return self._live.get(key, 0)
