"""Percentiles of durations over the last minutes, from counts in buckets: nothing is sorted, nothing grows.

    bucket of d microseconds = floor(8 * log2(d)), so a bucket is 2^(1/8), about 9 %, wide
Two generations of `span_s` take turns, so a percentile is of the last one to two spans, and told as its bucket's upper
edge: never below the truth, at most 9 % above it. Durations are seconds; below a microsecond counts as one, above 2^32
microseconds (71 minutes) as that.
"""

from bisect import bisect_left
from itertools import accumulate
from math import log2

from .clock import Clock

_PER_DOUBLING = 8
_BUCKETS = 32 * _PER_DOUBLING + 1


class Quantiles:
    """Durations of one kind of thing. For one thread."""

    __slots__ = ("_before", "_clock", "_ends_ns", "_now", "_span_ns")

    def __init__(self, clock: Clock, span_s: float = 300.0) -> None:
        self._clock = clock
        self._span_ns = round(span_s * 1e9)
        self._ends_ns = clock.monotonic_ns() + self._span_ns
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Take one duration in."""
        if self._clock.monotonic_ns() >= self._ends_ns:
            self._turn()
        bucket = min(_BUCKETS - 1, int(_PER_DOUBLING * log2(max(1.0, seconds * 1e6))))
        self._now[bucket] = self._now.get(bucket, 0) + 1

    def of(self, *shares: float) -> list[float | None]:
        """Return the durations in seconds that these shares (0 … 1) of all stay within; None where there were none."""
        if self._clock.monotonic_ns() >= self._ends_ns:
            self._turn()
        counts = dict(self._before)
        for bucket, number in self._now.items():
            counts[bucket] = counts.get(bucket, 0) + number
        total = sum(counts.values())
        return [_within(counts, share * total) if total else None for share in shares]

    def _turn(self) -> None:
        late = self._clock.monotonic_ns() - self._ends_ns >= self._span_ns
        self._before = {} if late else self._now
        self._now = {}
        self._ends_ns = self._clock.monotonic_ns() + self._span_ns


def _within(counts: dict[int, int], wanted: float) -> float:
    buckets = sorted(counts)
    reached = list(accumulate(counts[bucket] for bucket in buckets))
    bucket = buckets[min(bisect_left(reached, wanted), len(buckets) - 1)]
    return float(2 ** ((bucket + 1) / _PER_DOUBLING) / 1e6)
