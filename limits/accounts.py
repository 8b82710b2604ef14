"""One account a scope: its caps as cells (what is used of one limit in one window) and a tally of what was spent.

`used` = settled + held. A hold remembers the very cells it went into, so a settlement always lands in the window in
which its hold was made, however late: a rolled window is a fresh cell. Tallies (a day each for tenants and keys) give
a cap that is set later what was spent before it, exactly for day, week, month and total; minute and hour start at 0.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from .money import AMOUNT_MAX
from .refusals import Ended
from .windows import FOREVER, WINDOWS, bounds

DIMENSIONS = ("nano_usd", "input_tokens", "output_tokens", "tokens", "concurrency")
NANO, INPUT, OUTPUT, TOKENS, LIVE = range(5)
_DAYS_KEPT = 32
_ROUTES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on one dimension in one window; soft caps only warn. ValueError if it makes no sense.

    `window="call"` bounds each single hold; concurrency knows only `total` (how many at once).
    """

    dimension: str
    limit: int
    window: str = "total"
    hard: bool = True

    def __post_init__(self) -> None:
        if self.dimension not in DIMENSIONS:
            raise ValueError(f"unknown dimension {self.dimension!r}; one of {', '.join(DIMENSIONS)}")
        if self.window not in WINDOWS and self.window != "call":
            raise ValueError(f"unknown window {self.window!r}; one of call, {', '.join(WINDOWS)}")
        if self.dimension == "concurrency" and self.window != "total":
            raise ValueError("concurrency is how many at once; it has no window")
        if not 0 <= self.limit <= AMOUNT_MAX:
            raise ValueError(f"a cap lies between 0 and {AMOUNT_MAX}, got {self.limit}")

    def __str__(self) -> str:
        return f"{self.dimension}/{self.window}/{'hard' if self.hard else 'soft'}/{self.limit}"

    @classmethod
    def parse(cls, text: str) -> "Cap":
        """Read what `str` wrote; ValueError for anything else."""
        dimension, window, kind, limit = text.split("/")
        if kind not in ("hard", "soft"):
            raise ValueError(f"a cap is hard or soft, not {kind!r}")
        return cls(dimension, int(limit), window, kind == "hard")


class Cell:
    """What is used of one cap in one window. `limit` is FOREVER for a soft cap, whose figure is in `cap`."""

    __slots__ = ("cap", "dim", "end_us", "limit", "settled", "start_us", "used", "warn_at")

    def __init__(self, cap: Cap, start_us: int, end_us: int) -> None:
        self.cap = cap
        self.dim = DIMENSIONS.index(cap.dimension)
        self.start_us = start_us
        self.end_us = end_us
        self.used = 0
        self.settled = 0
        self.bound_by(cap)

    def bound_by(self, cap: Cap) -> None:
        """Take over a changed limit, keeping what is used."""
        self.cap = cap
        self.limit = cap.limit if cap.hard else FOREVER
        self.warn_at = FOREVER if cap.hard else cap.limit


class Tally:
    """What was settled between `start_us` and `end_us`: nano-dollars, tokens and how many holds."""

    __slots__ = ("calls", "end_us", "input_tokens", "nano", "output_tokens", "start_us")

    def __init__(self, start_us: int, end_us: int) -> None:
        self.start_us = start_us
        self.end_us = end_us
        self.nano = self.input_tokens = self.output_tokens = self.calls = 0

    def add(self, other: "Tally") -> None:
        """Fold another tally's figures in."""
        self.nano += other.nano
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.calls += other.calls

    def of(self, dim: int) -> int:
        """Return what was settled in a dimension (0 for concurrency: nothing of it stays)."""
        return (self.nano, self.input_tokens, self.output_tokens, self.input_tokens + self.output_tokens, 0)[dim]


Groups = tuple[tuple[int, tuple[Cell, ...]], ...]
"""Cells by dimension: an amount is looked up once for all of them."""


def grouped(cells: tuple[Cell, ...]) -> Groups:
    """Return cells by dimension."""
    by_dim: dict[int, list[Cell]] = {}
    for cell in cells:
        by_dim.setdefault(cell.dim, []).append(cell)
    return tuple((dim, tuple(group)) for dim, group in by_dim.items())


class Route:
    """The accounts of a call's scopes as one: their cells and tallies, until `wake_us` or any change of any account.

    Kept by the account of the first scope; every account on it knows it and sets `wake_us` to 0 when it changes.
    What is settled on a live route is kept on it and put into its tallies when one of them is read or it ends: once for
    many calls. `groups` are the cells by dimension. `simple` is false where a cap a call must be looked at too.
    """

    __slots__ = (
        *("calls", "cells", "groups", "input_tokens", "live", "nano", "output_tokens", "scopes", "simple", "tallies"),
        "wake_us",
    )

    def __init__(self, scopes: tuple[str, ...], accounts: list["Account"]) -> None:
        self.scopes = scopes
        self.cells = tuple(cell for account in accounts for cell in account.cells)
        self.groups = grouped(self.cells)
        self.tallies = tuple(account.tally for account in accounts)
        self.wake_us = min((account.wake_us for account in accounts), default=0)
        self.simple = not any(account.call_caps for account in accounts)
        self.live = True
        self.nano = self.input_tokens = self.output_tokens = self.calls = 0
        for account in accounts:
            account.lead(self)

    def flush(self) -> None:
        """Put what was settled on this route into its tallies."""
        if self.calls:
            for tally in self.tallies:
                tally.nano += self.nano
                tally.input_tokens += self.input_tokens
                tally.output_tokens += self.output_tokens
                tally.calls += self.calls
            self.nano = self.input_tokens = self.output_tokens = self.calls = 0


class Account:
    """A scope's caps and spend. `wake_us` is the next instant at which something about it changes by itself.

    `route` is the last one that began here, `_through` those that lead through here.
    """

    __slots__ = (
        "_through",
        "call_caps",
        "cells",
        "closed_us",
        "days",
        "past",
        "route",
        "scope",
        "tally",
        "wake_us",
        "why",
        "zone",
    )

    def __init__(self, scope: str, at_us: int, zone: ZoneInfo, *, daily: bool) -> None:
        self.scope = scope
        self.zone = zone
        self.cells: tuple[Cell, ...] = ()
        self.call_caps: tuple[Cap, ...] = ()
        self.days: list[Tally] | None = [] if daily else None
        self.past: Tally | None = None
        self.tally = Tally(*bounds("day" if daily else "total", at_us, zone))
        self.closed_us = FOREVER
        self.why = ""
        self.route: Route | None = None
        self._through: list[Route] | None = None
        self.set_wake()

    def set_wake(self) -> None:
        """Find the next instant at which a window ends or the scope closes; every change ends with this."""
        self._stale_routes()
        wake = min(self.closed_us, self.tally.end_us)
        for cell in self.cells:
            wake = min(wake, cell.end_us)
        self.wake_us = wake

    def lead(self, route: Route) -> None:
        """Know a route that leads through here; past a thousand, all are found anew (most belong to runs long over)."""
        if self._through is None:
            self._through = []
        elif len(self._through) >= _ROUTES_MAX:
            self._stale_routes()
            self._through = []
        self._through.append(route)

    def _stale_routes(self) -> None:
        if self._through:
            for route in self._through:
                route.flush()
                route.live = False
                route.wake_us = 0
            self._through = None

    def flush(self) -> None:
        """Bring the tallies up to date with the routes that lead through here."""
        for route in self._through or ():
            route.flush()

    def roll(self, now_us: int) -> None:
        """Begin new windows where the old ones have ended; a clock stepped back changes nothing."""
        if self.days is not None and now_us >= self.tally.end_us:
            self.days.append(self.tally)
            if len(self.days) > _DAYS_KEPT:
                self.past = self.past or Tally(0, 0)
                self.past.add(self.days.pop(0))
            self.tally = Tally(*bounds("day", now_us, self.zone))
        self.cells = tuple(
            cell if now_us < cell.end_us else Cell(cell.cap, *bounds(cell.cap.window, now_us, self.zone))
            for cell in self.cells
        )
        self.set_wake()

    def close_as(self, why: str) -> None:
        """Take nothing more for this reason, or again if it is empty."""
        self.why = why
        self.closed_us = 0 if why else FOREVER
        self.set_wake()

    def closed_as(self, now_us: int) -> Ended:  # noqa: ARG002 - a run's answer depends on the time
        """Say why this scope is closed."""
        return Ended(self.scope, self.why)

    def tallies(self) -> list[Tally]:
        """Return all tallies, oldest first; their sum is all that was ever settled here."""
        self.flush()
        return [*([self.past] if self.past else ()), *(self.days or ()), self.tally]

    def tally_at(self, at_us: int) -> Tally:
        """Return the tally whose time contains `at_us`, or the one that keeps what is older."""
        for tally in reversed(self.tallies()):
            if tally.start_us <= at_us:
                return tally
        self.past = self.past or Tally(0, 0)
        return self.past

    def set_caps(self, caps: tuple[Cap, ...], now_us: int) -> list[Cell]:
        """Replace the caps, keeping what is used of those that stay; return the new cells (their holds are missing)."""
        self.roll(now_us)
        kept = {(cell.cap.dimension, cell.cap.window, cell.cap.hard): cell for cell in self.cells}
        cells, fresh = [], []
        for cap in caps:
            if cap.window == "call":
                continue
            cell = kept.pop((cap.dimension, cap.window, cap.hard), None)
            if cell is None:
                cell = Cell(cap, *bounds(cap.window, now_us, self.zone))
                if cap.window not in ("minute", "hour"):
                    cell.settled = sum(t.of(cell.dim) for t in self.tallies() if t.start_us >= cell.start_us)
                cell.used = cell.settled
                fresh.append(cell)
            else:
                cell.bound_by(cap)
            cells.append(cell)
        self.cells = tuple(cells)
        self.call_caps = tuple(cap for cap in caps if cap.window == "call")
        self.set_wake()
        return fresh
