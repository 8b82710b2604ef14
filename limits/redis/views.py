"""What Redis says of accounts, as the ledger's answers: balances, what is affordable, a run and its ancestors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from ..accounts import DIMENSIONS, INPUT, NANO, OUTPUT, TOKENS, Cap
from ..balances import Balances, CapBalance
from ..books import Affordable
from ..refusals import Exceeded
from ..runs import COUNTED, RunLimits
from ..windows import FOREVER, bounds

LETTERS = {"minute": "m", "hour": "h", "day": "d", "week": "w", "month": "M", "total": "t", "call": "c"}
WINDOW_OF = {letter: window for window, letter in LETTERS.items()}
COUNTERS = dict(zip(COUNTED, "scra", strict=True))
_LIMITS = {**COUNTERS, "depth": "d", "seconds": "S"}


def field_of(cap: Cap) -> str:
    """Return the name of the field that keeps a cap's limit."""
    return f"L{DIMENSIONS.index(cap.dimension)}{LETTERS[cap.window]}{'H' if cap.hard else 'S'}"


def fields_of(limits: RunLimits) -> dict[str, str]:
    """Return the fields that keep a run's limits."""
    fields = {field_of(cap): str(cap.limit) for cap in limits.caps}
    return fields | {
        f"l{letter}": str(v) for name, letter in _LIMITS.items() if (v := getattr(limits, name)) is not None
    }


class Days:
    """Window starts in one time zone, remembered until the next minute begins. Keys are the letters of windows."""

    __slots__ = ("_days", "_days_at", "_until_us", "_zone", "ends", "starts")

    def __init__(self, zone: str) -> None:
        try:
            self._zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError(f"unknown time zone {zone!r}") from unknown
        self._until_us = 0
        self._days_at = ""
        self._days: dict[str, list[str]] = {}
        self.starts: dict[str, str] = {}
        self.ends: dict[str, int] = {}

    def at(self, now_us: int) -> dict[str, str]:
        """Return the starts of the windows that contain an instant, as text."""
        if not self._until_us - 60_000_000 <= now_us < self._until_us:
            windows = ("minute", "hour", "day", "week", "month")
            found = {LETTERS[window]: bounds(window, now_us, self._zone) for window in windows}
            self.starts = {letter: str(start) for letter, (start, _) in found.items()}
            self.ends = {letter: end for letter, (_, end) in found.items()}
            self._until_us = self.ends["m"]
        return self.starts

    def days(self, now_us: int) -> dict[str, list[str]]:
        """Return the starts of all days so far of the current day, week and month."""
        starts = self.at(now_us)
        if self._days_at != starts["d"]:
            self._days_at = starts["d"]
            self._days = {}
            for letter in "dwM":
                day, days = int(starts[letter]), []
                while day <= now_us:
                    days.append(str(day))
                    day = bounds("day", day, self._zone)[1]
                self._days[letter] = days
        return self._days


class View:
    """One account as it was read."""

    __slots__ = ("fields", "scope", "windows")

    def __init__(self, read: Sequence[Any]) -> None:
        self.scope: str = read[0]
        flat = read[1]
        self.fields: dict[str, str] = dict(zip(flat[::2], flat[1::2], strict=True)) if flat else {}
        self.windows: dict[str, list[str]] = read[2] or {}

    def number(self, name: str) -> int:
        """Return a figure; 0 if there is none."""
        return int(self.fields.get(name, 0))

    def caps(self) -> list[tuple[Cap, int, int]]:
        """Return each cap with what is settled and used of it now (call caps: nothing), in the order of their texts."""
        found = []
        for name, limit in self.fields.items():
            if name[0] != "L":
                continue
            pair = name[1:3]
            cap = Cap(DIMENSIONS[int(name[1])], int(limit), WINDOW_OF[name[2]], name[3] == "H")
            used, settled = self.windows.get(pair) or (self.number(f"u{pair}"), self.number(f"s{pair}"))
            found.append((cap, int(settled), int(used)))
        return sorted(found, key=lambda each: str(each[0]))

    def affordable(self) -> Affordable:
        """Return what this account leaves."""
        left = [FOREVER] * 5
        for name, limit in self.fields.items():
            if name[0] != "L" or name[3] != "H":
                continue
            dim, pair = int(name[1]), name[1:3]
            if name[2] == "c":
                room = int(limit)
            elif name[2] == "t":
                room = int(limit) - self.number(f"s{pair}")
            else:
                room = int(limit) - int(self.windows[pair][1])
            left[dim] = min(left[dim], room)
        return Affordable(max(0, left[NANO]), max(0, left[INPUT]), max(0, left[OUTPUT]), max(0, left[TOKENS]))

    def deadline_us(self) -> int:
        """When a run's wall-clock is used up (FOREVER: no limit, or paused)."""
        if "lS" not in self.fields or self.number("q"):
            return FOREVER
        return self.number("o") + self.number("Q") + self.number("lS") * 1_000_000

    def closed(self, now_us: int) -> str:
        """Say why it takes nothing more; empty if it is open."""
        if "k" in self.fields:
            return self.fields["k"]
        if "x" in self.fields and now_us >= self.number("x"):
            return "expired"
        return "seconds" if now_us >= self.deadline_us() else ""

    def counts(self) -> list[int]:
        """Return a run's counters, ordered as COUNTED."""
        return [self.number(f"n{letter}") for letter in COUNTERS.values()]


def least(views: Sequence[Affordable]) -> Affordable:
    """Return the tightest of several in each dimension."""
    return Affordable(
        min((each.nano for each in views), default=FOREVER),
        min((each.input_tokens for each in views), default=FOREVER),
        min((each.output_tokens for each in views), default=FOREVER),
        min((each.tokens for each in views), default=FOREVER),
    )


def balances_of(view: View, why: str, ends: dict[str, int]) -> Balances:
    """Return an account as seen from outside; `why` it is closed, or empty; `ends` of its windows by letter."""
    caps = [
        CapBalance(
            cap.dimension,
            cap.window,
            cap.hard,
            cap.limit,
            settled,
            used - settled,
            ends.get(LETTERS[cap.window], FOREVER),
        )
        for cap, settled, used in view.caps()
        if cap.window != "call"
    ]
    is_run = "x" in view.fields
    return Balances(
        view.scope,
        why or "open",
        view.number("tn"),
        view.number("ti"),
        view.number("to"),
        view.number("tc"),
        tuple(caps),
        dict(zip(COUNTED, view.counts(), strict=True)) if is_run else {},
    )


@dataclass(slots=True)
class Lineage:
    """A run and its ancestors as last read: a `limits.seam.RunSeen`."""

    views: list[View]

    @property
    def path(self) -> tuple[str, ...]:
        """Return the scopes, nearest first."""
        return tuple(view.scope for view in self.views)

    @property
    def counts(self) -> Sequence[int]:
        """Return the run's own counters."""
        return self.views[0].counts()

    def until_us(self) -> int:
        """Return when the first wall-clock is used up."""
        return min(view.deadline_us() for view in self.views)

    def refuse_count(self, index: int, number: int) -> Exceeded | None:
        """Say whether so much more would not have fitted when this was read."""
        name, letter = COUNTED[index], COUNTERS[COUNTED[index]]
        for view in self.views:
            limit, actual = view.fields.get(f"l{letter}"), view.number(f"n{letter}")
            if limit is not None and actual + number > int(limit):
                return Exceeded(view.scope, name, "total", int(limit), actual, number)
        return None
