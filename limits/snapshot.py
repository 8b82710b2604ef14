"""The ledger's state as one JSON-safe dict, so that a start need not replay the whole book.

A snapshot holds exactly what the durable entries up to some record say; holds that are granted but not yet durable and
settlements not yet applied have no place in it. So take it from a ledger that was only fed by `load` and `replay` (at
start, or a second ledger that follows the book), and name the record beside it; the caller checks that name.
"""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from .accounts import Account, Cap, Cell, Tally
from .entries import HoldEntry, from_dict, to_dict
from .runs import Run, RunLimits

VERSION = 1


def write_account(account: Account) -> dict[str, Any]:
    """Write an account or run."""
    account.flush()
    written: dict[str, Any] = {
        "s": account.scope,
        "z": account.zone.key,
        "c": [[str(cell.cap), cell.start_us, cell.end_us, cell.settled] for cell in account.cells],
        "d": [_tally(tally) for tally in (*(account.days or ()), account.tally)],
    }
    if account.call_caps:
        written["k"] = [str(cap) for cap in account.call_caps]
    if account.past is not None:
        written["b"] = _tally(account.past)
    if account.why:
        written["w"] = account.why
    if isinstance(account, Run):
        written |= {
            "l": account.limits.as_dict(),
            "at": account.opened_us,
            "x": account.expires_us,
            "n": account.counts,
            "p": "" if account.parent is None else account.parent.id,
            "q": [account.paused_at_us, account.paused_us],
        }
    return written


def read_account(written: dict[str, Any], parent: Run | None, zone: ZoneInfo) -> Account:
    """Read what `write_account` wrote; `used` is what is settled until the open holds are placed again."""
    tallies = [_untally(figures) for figures in written["d"]]
    account: Account
    if "l" in written:
        run = Run(written["s"][4:], parent, RunLimits(**written["l"]), written["at"], written["x"])
        run.counts = list(written["n"])
        run.paused_at_us, run.paused_us = written["q"]
        if parent is not None:
            parent.adopt(run)
        account = run
    else:
        account = Account(written["s"], tallies[-1].start_us, zone, daily=True)
        account.days = tallies[:-1]
    account.zone = zone
    account.tally = tallies[-1]
    account.past = _untally(written["b"]) if "b" in written else None
    account.cells = tuple(_cell(*figures) for figures in written["c"])
    account.call_caps = tuple(Cap.parse(text) for text in written.get("k", ()))
    account.close_as(written.get("w", ""))
    return account


def write_holds(holds: Iterable[HoldEntry]) -> list[dict[str, Any]]:
    """Write the open holds in the order they were made."""
    return [to_dict(hold) for hold in holds]


def read_hold(written: dict[str, Any]) -> HoldEntry:
    """Read one open hold; ValueError if it is something else."""
    entry = from_dict(written)
    if not isinstance(entry, HoldEntry):
        raise ValueError(f"a snapshot's holds are holds, got {written}")  # noqa: TRY004 - it is bad content, not a bug
    return entry


def _cell(cap: str, start_us: int, end_us: int, settled: int) -> Cell:
    cell = Cell(Cap.parse(cap), start_us, end_us)
    cell.used = cell.settled = settled
    return cell


def _tally(tally: Tally) -> list[int]:
    return [tally.start_us, tally.end_us, tally.nano, tally.input_tokens, tally.output_tokens, tally.calls]


def _untally(figures: list[int]) -> Tally:
    tally = Tally(figures[0], figures[1])
    tally.nano, tally.input_tokens, tally.output_tokens, tally.calls = figures[2:]
    return tally
