"""What an account looks like from outside: for the admin API, the headers and the tests."""

import msgspec

from .accounts import Account
from .runs import COUNTED, Run


class CapBalance(msgspec.Struct, frozen=True):
    """One cap in its current window: what is settled, what is held, and when it begins anew (UTC microseconds)."""

    dimension: str
    window: str
    hard: bool
    limit: int
    settled: int
    held: int
    ends_us: int


class Balances(msgspec.Struct, frozen=True):
    """Everything settled in a scope since it exists, its caps, and for a run its counters.

    `state` is open, killed, ended, expired or seconds (its wall-clock is used up).
    """

    scope: str
    state: str
    nano: int
    input_tokens: int
    output_tokens: int
    calls: int
    caps: tuple[CapBalance, ...]
    counts: dict[str, int] = {}


def balances_of(account: Account, now_us: int) -> Balances:
    """Read an account whose windows are current."""
    tallies = account.tallies()
    caps = tuple(
        CapBalance(
            cell.cap.dimension,
            cell.cap.window,
            cell.cap.hard,
            cell.cap.limit,
            cell.settled,
            cell.used - cell.settled,
            cell.end_us,
        )
        for cell in account.cells
    )
    return Balances(
        account.scope,
        "open" if now_us < account.closed_us else account.closed_as(now_us).why,
        sum(t.nano for t in tallies),
        sum(t.input_tokens for t in tallies),
        sum(t.output_tokens for t in tallies),
        sum(t.calls for t in tallies),
        caps,
        dict(zip(COUNTED, account.counts, strict=True)) if isinstance(account, Run) else {},
    )
