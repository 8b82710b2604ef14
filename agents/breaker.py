"""A breaker per tool: closed → (failures in a row) → open → (a while) → one trial → closed or open again."""

from dataclasses import dataclass

from .clock import Clock

FAILURES_MAX = 5
OPEN_S = 30.0


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; for one event loop."""

    clock: Clock
    failures_max: int = FAILURES_MAX
    open_s: float = OPEN_S
    failures: int = 0
    _opened_s: float | None = None

    def allows(self) -> bool:
        """Say whether a call may be made; after `open_s` one is let through as a trial."""
        if self._opened_s is None:
            return True
        now = self.clock.monotonic_s()
        if now - self._opened_s < self.open_s:
            return False
        self._opened_s = now
        return True

    def succeeded(self) -> None:
        """Close."""
        self.failures = 0
        self._opened_s = None

    def failed(self) -> None:
        """Count; open when it is one too many."""
        self.failures += 1
        if self.failures >= self.failures_max:
            self._opened_s = self.clock.monotonic_s()
