"""Time, passed in: durations from a monotonic clock, stored instants in UTC. Tests turn their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the runner asks of time."""

    def utc_us(self) -> int:
        """Return microseconds since 1970, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds since any fixed moment, never going back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def utc_us(self) -> int:
        """Return microseconds since 1970, UTC."""
        return time.time_ns() // 1_000

    def monotonic_s(self) -> float:
        """Return seconds since the machine started."""
        return time.monotonic()
