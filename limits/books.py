"""Accounts, caps and runs of the embedded ledger: all but the holds.

Everything here is synchronous, so each operation is atomic on the event loop: it happens whole or not at all. What
raises a figure takes effect at once; what lowers one does when `EmbeddedLedger.apply` is told that it is durable.
"""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from .accounts import DIMENSIONS, INPUT, NANO, OUTPUT, TOKENS, Account, Cap, Route
from .balances import Balances, balances_of
from .clock import Clock
from .entries import (
    CapsEntry,
    CountEntry,
    KillEntry,
    RunEndedEntry,
    RunOpenedEntry,
    RunPausedEntry,
)
from .refusals import Ended, Exceeded
from .runs import COUNTED, Run, RunLimits
from .standing import Standing
from .windows import FOREVER

TAGS = ("user:", "feature:")
"""Scopes that callers name: opened when they are first named, forgotten when they are at rest."""
_NOT_OPENED = ("run:", *TAGS)


class Affordable(msgspec.Struct, frozen=True, gc=False):
    """What cap minus settled leaves in the tightest scope, never below 0; FOREVER where nothing limits."""

    nano: int = FOREVER
    input_tokens: int = FOREVER
    output_tokens: int = FOREVER
    tokens: int = FOREVER


class Books:
    """Accounts by scope, runs by id. Not thread-safe: one event loop owns it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._open: dict[str, Standing] = {}
        self._zones = {"UTC": ZoneInfo("UTC")}

    def account(self, scope: str, at_us: int) -> Account | None:
        """Return a scope's account, opening one unless it is an unknown run, or a tag that has no caps yet."""
        account = self._accounts.get(scope)
        if account is None and not scope.startswith(_NOT_OPENED):
            account = self._open_account(scope, at_us)
        return account

    def _open_account(self, scope: str, at_us: int) -> Account:
        account = self._accounts[scope] = Account(scope, at_us, self._zones["UTC"], daily=True)
        return account

    def _route(self, scopes: tuple[str, ...], now_us: int) -> Route | Ended:
        """Find the accounts of these scopes, begin their new windows, and remember them together."""
        accounts = []
        for scope in scopes:
            account = self.account(scope, now_us)
            if account is None:
                return Ended(scope, "unknown")
            if now_us >= account.closed_us:
                return account.closed_as(now_us)
            if now_us >= account.wake_us:
                account.roll(now_us)
            accounts.append(account)
        route = Route(scopes, accounts)
        if accounts:
            accounts[0].route = route
        return route

    def run(self, run_id: str) -> Run | None:
        """Return a run that is still remembered."""
        run = self._accounts.get(f"run:{run_id}")
        return run if isinstance(run, Run) else None

    def scopes_of(self, run_id: str) -> tuple[str, ...]:
        """Return the scopes of a run and its ancestors, nearest first; empty if it is unknown."""
        run = self.run(run_id)
        return () if run is None else run.path

    # caps

    def set_caps(self, scope: str, caps: Sequence[Cap], zone: str = "UTC") -> CapsEntry | None:
        """Replace a scope's caps from now on; None if nothing changes.

        What is spent in the current windows counts against them (see `limits.accounts`), and so do open holds.
        ValueError for an unknown run, a doubled cap or an unknown time zone.
        """
        now = self._clock.utc_us()
        account = self.account(scope, now)
        if account is None and scope.startswith(TAGS):
            account = self._open_account(scope, now)
        if account is None:
            raise ValueError(f"no such run: {scope}")
        written = tuple(sorted(map(str, caps)))
        if len({text.rpartition("/")[0] for text in written}) < len(written):
            raise ValueError(f"{scope} has two caps of one dimension, window and kind")
        standing = (*(cell.cap for cell in account.cells), *account.call_caps)
        if tuple(sorted(map(str, standing))) == written and account.zone.key == zone:
            return None
        entry = CapsEntry(scope, written, now, zone)
        self._take_caps(entry)
        return entry

    def _take_caps(self, entry: CapsEntry) -> None:
        account = self.account(entry.scope, entry.at_us)
        if account is None and entry.scope.startswith(TAGS):
            account = self._open_account(entry.scope, entry.at_us)
        if account is None:
            return
        account.zone = self._zone(entry.zone)
        fresh = account.set_caps(tuple(Cap.parse(text) for text in entry.caps), entry.at_us)
        if not fresh:
            return
        for hold in self._open.values():
            if entry.scope in hold.entry.scopes:
                for cell in fresh:
                    if cell.start_us <= hold.entry.at_us < cell.end_us:
                        hold.join(cell)

    def _zone(self, name: str) -> ZoneInfo:
        zone = self._zones.get(name)
        if zone is None:
            try:
                zone = self._zones[name] = ZoneInfo(name)
            except (KeyError, ValueError, OSError) as unknown:
                raise ValueError(f"unknown time zone {name!r}") from unknown
        return zone

    def balances(self, scope: str) -> Balances | None:
        """Return what a scope has spent, its caps and counters; None if nothing is known of it."""
        account = self._accounts.get(scope)
        if account is None:
            return None
        now = self._clock.utc_us()
        account.roll(now)
        return balances_of(account, now)

    def affordable(self, scopes: Sequence[str]) -> Affordable:
        """Return what is left over all scopes if every open hold came to nothing; holds do not count here."""
        now = self._clock.utc_us()
        left = [FOREVER] * 5
        for scope in scopes:
            account = self._accounts.get(scope)
            if account is None:
                continue
            if now >= account.wake_us:
                account.roll(now)
            for cell in account.cells:
                left[cell.dim] = min(left[cell.dim], cell.limit - cell.settled)
            for cap in account.call_caps:
                if cap.hard:
                    dim = DIMENSIONS.index(cap.dimension)
                    left[dim] = min(left[dim], cap.limit)
        return Affordable(max(0, left[NANO]), max(0, left[INPUT]), max(0, left[OUTPUT]), max(0, left[TOKENS]))

    # runs

    def open_run(
        self, run_id: str, limits: RunLimits, expires_us: int, parent: str | None = None
    ) -> RunOpenedEntry | Exceeded | Ended:
        """Open a run, counting it as an agent in every ancestor; all or nothing. ValueError if the id is taken."""
        if self.run(run_id) is not None:
            raise ValueError(f"run {run_id} is open already")
        now = self._clock.utc_us()
        if parent is not None:
            above = self.run(parent)
            if above is None:
                return Ended(f"run:{parent}", "unknown")
            refusal = self._ended(above, now) or above.refuse_child()
            if refusal is not None:
                return refusal
        entry = RunOpenedEntry(run_id, now, expires_us, limits.as_dict(), parent or "")
        self._take_run(entry, limits)
        return entry

    def _take_run(self, entry: RunOpenedEntry, limits: RunLimits | None = None) -> None:
        parent = self.run(entry.parent) if entry.parent else None
        limits = limits or RunLimits(**entry.limits)
        run = Run(entry.run, parent, limits, entry.at_us, entry.expires_us)
        if parent is not None:
            parent.adopt(run)
            parent.count(COUNTED.index("agents"), 1)
        self._accounts[run.scope] = run

    def end_run(self, run_id: str, why: str = "ended") -> RunEndedEntry | None:
        """End a run and its children; None if it is unknown or has ended."""
        run = self.run(run_id)
        if run is None or run.why:
            return None
        entry = RunEndedEntry(run_id, why)
        self._take_end(entry)
        return entry

    def _take_end(self, entry: RunEndedEntry) -> None:
        run = self.run(entry.run)
        for member in run.tree() if run is not None else ():
            member.end(entry.why)

    def kill(self, scope: str, *, on: bool = True) -> KillEntry:
        """Stop every further hold in a scope at once (a run with its children); `on=False` revives all but runs."""
        entry = KillEntry(scope, int(on))
        self._take_kill(entry)
        return entry

    def _take_kill(self, entry: KillEntry) -> None:
        account = self.account(entry.scope, self._clock.utc_us())
        if isinstance(account, Run):
            if entry.on:
                self._take_end(RunEndedEntry(account.id, "killed"))
        elif account is not None:
            account.close_as("killed" if entry.on else "")

    def pause_run(self, run_id: str, *, on: bool = True) -> RunPausedEntry | None:
        """Stop (or restart) a run's wall-clock while it waits for an approval; None if it is unknown."""
        run = self.run(run_id)
        if run is None:
            return None
        entry = RunPausedEntry(run_id, self._clock.utc_us(), int(on))
        self._take_pause(entry)
        return entry

    def _take_pause(self, entry: RunPausedEntry) -> None:
        run = self.run(entry.run)
        if run is not None:
            run.pause(entry.at_us, on=bool(entry.on))

    def count(self, run_id: str, dimension: str, number: int = 1) -> CountEntry | Exceeded | Ended:
        """Take `number` (≥ 1) of steps, tool_calls, replans or agents in a run and all its ancestors, or nothing.

        The count rises at once. To give it back, `apply` the entry that `give_back` makes of it.
        """
        if dimension not in COUNTED:
            raise ValueError(f"{dimension!r} is not counted; one of {', '.join(COUNTED)}")
        index = COUNTED.index(dimension)
        if number < 1:
            raise ValueError(f"counts one or more, not {number}")
        run = self.run(run_id)
        if run is None:
            return Ended(f"run:{run_id}", "unknown")
        refusal = self._ended(run, self._clock.utc_us()) or run.refuse_count(index, number)
        if refusal is not None:
            return refusal
        run.count(index, number)
        return CountEntry(run_id, dimension, number)

    def _take_count(self, entry: CountEntry) -> None:
        run = self.run(entry.run)
        if run is not None:
            run.count(COUNTED.index(entry.dimension), entry.number)

    @staticmethod
    def give_back(entry: CountEntry) -> CountEntry:
        """Return the entry that takes a count back; it takes effect when it is applied."""
        return CountEntry(entry.run, entry.dimension, -entry.number)

    @staticmethod
    def _ended(run: Run, now_us: int) -> Ended | None:
        for member in run.lineage():
            ended = member.ended(now_us)
            if ended is not None:
                return ended
        return None

    def forget_runs(self) -> int:
        """Drop runs that expired a day ago or longer, and tags at rest; return how many. Call it now and then."""
        before = self._clock.utc_us() - 86_400_000_000
        old = [a.scope for a in self._accounts.values() if isinstance(a, Run) and a.expires_us < before]
        for scope in old:
            run = self._accounts.pop(scope)
            run.set_wake()
            if isinstance(run, Run) and run.parent is not None and run.parent.children is not None:
                run.parent.children.remove(run)
        idle = [scope for scope, account in self._accounts.items() if scope.startswith(TAGS) and self._rests(account)]
        for scope in idle:
            self._accounts.pop(scope).set_wake()
        return len(old) + len(idle)

    def _rests(self, account: Account) -> bool:
        """Say whether a tag's account knows nothing that a new one would not: its windows and its day are new."""
        account.roll(self._clock.utc_us())
        return (
            bool(account.days)
            and not account.why
            and not account.tally.calls
            and not any(cell.used for cell in account.cells)
        )

    def _takers(self) -> dict[type, Callable[[Any], None]]:
        """Return what rebuilds each kind of entry at replay."""
        return {
            CapsEntry: self._take_caps,
            RunOpenedEntry: self._take_run,
            RunEndedEntry: self._take_end,
            RunPausedEntry: self._take_pause,
            KillEntry: self._take_kill,
            CountEntry: self._take_count,
        }
