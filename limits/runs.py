"""Runs and their trees: limits, counts, ends. A child reserves nothing; every count is taken in it and all ancestors.

open ──end──▶ ended          ended, expired and killed runs take nothing more, and neither do their children.
  ├──kill──▶ killed          A run whose wall-clock is used up refuses with `seconds`; while it is paused (it
  ├──time──▶ expired         waits for an approval) its wall-clock stands still, its expiry does not.
  └──limits.seconds──▶ refuses with `seconds`
"""

from dataclasses import dataclass, field, fields
from zoneinfo import ZoneInfo

from .accounts import DIMENSIONS, Account, Cap
from .refusals import Ended, Exceeded
from .windows import FOREVER

COUNTED = ("steps", "tool_calls", "replans", "agents")
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class RunLimits:
    """Limits of one run; None is unlimited. Tokens and dollars are cumulative over the run and all its descendants.

    `agents` counts descendants, `depth` how many generations may stand below this run, `seconds` is wall-clock.
    """

    nano_usd: int | None = None
    tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    concurrency: int | None = None
    steps: int | None = None
    tool_calls: int | None = None
    replans: int | None = None
    agents: int | None = None
    depth: int | None = None
    seconds: int | None = None
    caps: tuple[Cap, ...] = field(init=False, repr=False, compare=False)
    """The limits that are held atomically with money, as caps of window `total`; made once, for all runs alike."""

    def __post_init__(self) -> None:
        for name, limit in self.as_dict().items():
            if limit < 0:
                raise ValueError(f"run limit {name} is below zero: {limit}")
        caps = tuple(Cap(name, limit) for name in DIMENSIONS if (limit := getattr(self, name)) is not None)
        object.__setattr__(self, "caps", caps)

    def as_dict(self) -> dict[str, int]:
        """Return the limits that are set."""
        return {f.name: limit for f in fields(self) if f.init and (limit := getattr(self, f.name)) is not None}


class Run(Account):
    """An account that has a place in a tree and counters; `scope` is `run:<id>`."""

    __slots__ = (
        "children",
        "counts",
        "expires_us",
        "limits",
        "opened_us",
        "parent",
        "path",
        "paused_at_us",
        "paused_us",
    )

    def __init__(self, run_id: str, parent: "Run | None", limits: RunLimits, at_us: int, expires_us: int) -> None:
        super().__init__(f"run:{run_id}", at_us, _UTC, daily=False)
        self.parent = parent
        self.children: list[Run] | None = None
        self.limits = limits
        self.counts = [0, 0, 0, 0]
        self.opened_us = at_us
        self.expires_us: int = expires_us if parent is None else min(expires_us, parent.expires_us)
        self.paused_at_us = self.paused_us = 0
        self.path: tuple[str, ...] = (self.scope,) if parent is None else (self.scope, *parent.path)
        self.set_caps(limits.caps, at_us)
        self.set_close()

    @property
    def id(self) -> str:
        """The run's id, without the scope's prefix."""
        return self.scope[4:]

    def lineage(self) -> list["Run"]:
        """Return this run and its ancestors, nearest first."""
        runs, run = [], self
        while True:
            runs.append(run)
            if run.parent is None:
                return runs
            run = run.parent

    def tree(self) -> list["Run"]:
        """Return this run and all its descendants."""
        runs = [self]
        for run in runs:
            runs.extend(run.children or ())
        return runs

    def deadline_us(self) -> int:
        """When the wall-clock is used up if it is not paused any more from now on (FOREVER: no limit or paused)."""
        if self.limits.seconds is None or self.paused_at_us:
            return FOREVER
        return self.opened_us + self.paused_us + self.limits.seconds * 1_000_000

    def until_us(self) -> int:
        """When the wall-clock of this run or an ancestor is used up, as `deadline_us`."""
        return min(member.deadline_us() for member in self.lineage())

    def set_close(self) -> None:
        """Find when this run closes by itself."""
        if not self.why:
            self.closed_us = min(self.expires_us, self.deadline_us())
        self.set_wake()

    def end(self, why: str) -> None:
        """Take nothing more from now on; the first reason stays."""
        if not self.why:
            self.close_as(why)

    def close_as(self, why: str) -> None:
        """Take nothing more for this reason, or what its expiry and wall-clock allow if it is empty."""
        super().close_as(why)
        self.set_close()

    def adopt(self, child: "Run") -> None:
        """Take a child into the tree."""
        if self.children is None:
            self.children = []
        self.children.append(child)

    def ended(self, now_us: int) -> Ended | None:
        """Say whether this run, by itself, takes nothing more at `now_us`."""
        return None if now_us < self.closed_us else self.closed_as(now_us)

    def closed_as(self, now_us: int) -> Ended:
        """Say why this run is closed."""
        return Ended(self.scope, self.why or ("expired" if now_us >= self.expires_us else "seconds"))

    def pause(self, at_us: int, *, on: bool) -> None:
        """Stop or restart the wall-clock; twice the same is harmless."""
        if on and not self.paused_at_us:
            self.paused_at_us = at_us
        elif not on and self.paused_at_us:
            self.paused_us += max(0, at_us - self.paused_at_us)
            self.paused_at_us = 0
        self.set_close()

    def refuse_count(self, index: int, number: int) -> Exceeded | None:
        """Say whether `number` more of a counter does not fit here or in an ancestor."""
        name = COUNTED[index]
        for run in self.lineage():
            limit = getattr(run.limits, name)
            if limit is not None and run.counts[index] + number > limit:
                return Exceeded(run.scope, name, "total", limit, run.counts[index], number)
        return None

    def count(self, index: int, number: int) -> None:
        """Count in this run and all ancestors; a give-back never goes below zero."""
        for run in self.lineage():
            run.counts[index] = max(0, run.counts[index] + number)

    def refuse_child(self) -> Exceeded | None:
        """Say whether one more child does not fit the depth or agents of this run or an ancestor."""
        for below, run in enumerate(self.lineage(), start=1):
            if run.limits.depth is not None and below > run.limits.depth:
                return Exceeded(run.scope, "depth", "total", run.limits.depth, below - 1, 1)
        return self.refuse_count(COUNTED.index("agents"), 1)
