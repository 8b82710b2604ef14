"""A moment on the monotonic clock after which a call's answer is worth nothing."""

from dataclasses import dataclass

from .clock import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant in monotonic nanoseconds; `what` names whose it is (call, run, profile) for the error."""

    at_ns: int
    what: str = "call"

    @classmethod
    def after(cls, clock: Clock, seconds: float, what: str = "call") -> "Deadline":
        """Return the deadline so many seconds from now; ValueError for a negative number."""
        if seconds < 0:
            raise ValueError(f"a deadline lies ahead, not {-seconds} s ago")
        return cls(clock.monotonic_ns() + round(seconds * 1_000_000_000), what)

    def left_s(self, clock: Clock) -> float:
        """Return seconds left, 0.0 once it has passed."""
        return max(0, self.at_ns - clock.monotonic_ns()) / 1_000_000_000

    def passed(self, clock: Clock) -> bool:
        """Say whether it has passed."""
        return clock.monotonic_ns() >= self.at_ns

    def earlier(self, *others: "Deadline | None") -> "Deadline":
        """Return whichever comes first; None is no deadline."""
        first = self
        for other in others:
            if other is not None and other.at_ns < first.at_ns:
                first = other
        return first
