"""How fast a budget of bad events burns: the share that was bad over a window, by the share that may be.

An objective "95 % of calls within 2 s" has a budget of 5 % slow calls. A burn rate of 1 uses it up exactly at the end
of its period, 14.4 uses 2 % of a 30-day budget in an hour. An alert looks at a long window, to be sure, and at a short
one, to end soon (Site Reliability Workbook, chapter 5):
    page     rate over 1 h and over 5 min above 14.4, or over 6 h and over 30 min above 6
    ticket   rate over 3 d and over 6 h above 1
Counts are kept by the minute, for three days.
"""

from array import array

from .clock import Clock

WINDOWS_S = {"5m": 300, "30m": 1_800, "1h": 3_600, "6h": 21_600, "3d": 259_200}
_MINUTES = WINDOWS_S["3d"] // 60


class Burn:
    """Events of one objective, of which the share `allowed` (above 0) may be bad. For one thread."""

    __slots__ = ("_allowed", "_bad", "_clock", "_minutes", "_total")

    def __init__(self, clock: Clock, allowed: float) -> None:
        if not 0 < allowed <= 1:
            raise ValueError(f"a share that may be bad lies above 0 and not above 1, got {allowed}")
        self._clock = clock
        self._allowed = allowed
        self._minutes = array("q", [-1]) * _MINUTES
        self._total = array("q", [0]) * _MINUTES
        self._bad = array("q", [0]) * _MINUTES

    def add(self, *, bad: bool) -> None:
        """Take one event in."""
        minute = self._clock.monotonic_ns() // 60_000_000_000
        at = minute % _MINUTES
        if self._minutes[at] != minute:
            self._minutes[at] = minute
            self._total[at] = self._bad[at] = 0
        self._total[at] += 1
        self._bad[at] += bad

    def rate(self, window_s: int) -> float:
        """Return the burn rate over the last `window_s` seconds (at most three days); 0 where nothing happened."""
        now = self._clock.monotonic_ns() // 60_000_000_000
        first = now - min(window_s // 60, _MINUTES) + 1
        total = bad = 0
        for minute in range(max(0, first), now + 1):
            at = minute % _MINUTES
            if self._minutes[at] == minute:
                total += self._total[at]
                bad += self._bad[at]
        return bad / total / self._allowed if total else 0.0
