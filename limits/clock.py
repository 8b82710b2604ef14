"""Time as a part that is passed in, so a test can turn it.

Durations are measured on the monotonic clock (nanoseconds); instants that are stored or compared across a restart are
UTC wall-clock (microseconds since the epoch, which stay below 2^53 until the year 2255 and so survive JSON).
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings; neither blocks nor fails."""

    def monotonic_ns(self) -> int:
        """Nanoseconds that never run backwards; only differences mean anything."""

    def utc_us(self) -> int:
        """Microseconds since the epoch, UTC; may step when the machine's time is corrected."""


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    def monotonic_ns(self) -> int:
        """Read the monotonic clock in nanoseconds."""
        return time.monotonic_ns()

    def utc_us(self) -> int:
        """Read the wall clock in microseconds since the epoch."""
        return time.time_ns() // 1_000


class ManualClock:
    """A clock that stands still until it is turned; both readings move together."""

    __slots__ = ("_monotonic_ns", "_utc_us")

    def __init__(self, utc_us: int = 1_767_225_600_000_000, monotonic_ns: int = 0) -> None:
        self._utc_us = utc_us
        self._monotonic_ns = monotonic_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds turned so far."""
        return self._monotonic_ns

    def utc_us(self) -> int:
        """Microseconds since the epoch (2026-01-01 unless told)."""
        return self._utc_us

    def turn(self, seconds: float) -> None:
        """Move both readings forward; a negative number is refused (ValueError)."""
        if seconds < 0:
            raise ValueError("a clock turns forward only; use set_utc_us for a stepped wall clock")
        self._monotonic_ns += round(seconds * 1_000_000_000)
        self._utc_us += round(seconds * 1_000_000)

    def set_utc_us(self, utc_us: int) -> None:
        """Step the wall clock alone, as a time correction does."""
        self._utc_us = utc_us
