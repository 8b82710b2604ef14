"""From an embedded ledger, replayed from the book, to the keys of one generation in Redis (`lua/prelude.lua`)."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from ..accounts import Account, Tally
from ..entries import to_dict
from ..ledger import EmbeddedLedger
from ..runs import Run
from ..standing import Standing
from .views import COUNTERS, LETTERS, field_of, fields_of

_TTL_S = {"m": 172_800, "h": 172_800, "d": 3_024_000, "w": 864_000, "M": 3_024_000}
_DAY_MS = 86_400_000
Command = tuple[bytes | str | int, ...]


class _Place(NamedTuple):
    key: str
    pair: str
    soft: int | None
    scope: str


def tenant_of(scopes: tuple[str, ...]) -> str | None:
    """Return whose hold it is, by its scope `tenant:…`."""
    return next((scope[7:] for scope in scopes if scope.startswith("tenant:")), None)


def commands(
    ledger: EmbeddedLedger, whose: Callable[[str], str | None], generation: int, now_us: int
) -> Iterator[Command]:
    """Yield the commands that write everything; `whose` says which tenant a scope belongs to (None: nobody's any more).

    Last come the marked charges. Who reads the keys must wait until all are written.
    """
    places: dict[int, _Place] = {}
    days: dict[str, Account] = {}
    for account in ledger.accounts():
        tenant = whose(account.scope)
        if tenant is None:
            continue
        prefix = f"th:{{{tenant}}}:{generation}:"
        yield from _account(account, prefix, now_us)
        soft = {(c.dim, c.cap.window): c.cap.limit for c in account.cells if not c.cap.hard}
        for cell in account.cells:
            letter = LETTERS[cell.cap.window]
            relative = f"a:{account.scope}" + ("" if letter == "t" else f":{letter}:{cell.start_us}")
            places[id(cell)] = _Place(
                relative, f"{cell.dim}{letter}", soft.get((cell.dim, cell.cap.window)), account.scope
            )
        if account.scope == f"tenant:{tenant}":
            yield ("SET", f"{prefix}z", account.zone.key)
            days[tenant] = account
    for hold in ledger.standing():
        tenant = tenant_of(hold.entry.scopes)
        if tenant in days:
            yield from _hold(hold, places, days[tenant], f"th:{{{tenant}}}:{generation}:")
    for order, marked in enumerate(ledger.marks.listed.values()):
        tenant = tenant_of(marked.hold.scopes)
        if tenant not in days:
            continue
        prefix = f"th:{{{tenant}}}:{generation}:"
        told = msgspec.json.encode([to_dict(marked.hold), to_dict(marked.charge)])
        yield ("HSET", f"{prefix}M", marked.hold.id, told)
        yield ("ZADD", f"{prefix}N", order, marked.hold.id)
        yield ("SET", f"{prefix}n", order + 1)
        if marked.charge.mark == "expired":
            yield ("ZADD", f"{prefix}X", marked.hold.expires_us, marked.hold.id)


def _hold(hold: Standing, places: dict[int, _Place], payer: Account, prefix: str) -> Iterator[Command]:
    entry = hold.entry
    cells: dict[tuple[str, str], list[Any]] = {}
    for cell in hold.cells:
        place = places.get(id(cell))  # a window that is over has no place any more
        if place is not None:
            soft = False if place.soft is None else place.soft
            cells[place.key, place.pair] = [place.key, place.pair, hold.amounts[cell.dim], soft, place.scope]
    stored = [
        msgspec.json.encode(entry).decode(),
        list(hold.amounts),
        entry.expires_us,
        list(cells.values()),
        list(entry.scopes),
        str(payer.tally_at(entry.at_us).start_us),
        entry.at_us,
        "",
        False,
    ]
    yield ("SET", f"{prefix}h:{entry.id}", msgspec.msgpack.encode(stored))
    yield ("ZADD", f"{prefix}o", entry.expires_us, entry.id)


def _account(account: Account, prefix: str, now_us: int) -> Iterator[Command]:
    account.flush()
    key = f"{prefix}a:{account.scope}"
    fields: dict[str, str | int] = {}
    windows: dict[str, dict[str, str | int]] = {}
    for cell in account.cells:
        letter = LETTERS[cell.cap.window]
        fields[field_of(cell.cap)] = cell.cap.limit
        place = fields if letter == "t" else windows.setdefault(f"{letter}:{cell.start_us}", {})
        place |= {f"u{cell.dim}{letter}": cell.used, f"s{cell.dim}{letter}": cell.settled}
    for cap in account.call_caps:
        fields[field_of(cap)] = cap.limit
    if account.why:
        fields["k"] = account.why
    if isinstance(account, Run):
        fields |= _run(account)
    else:
        account.flush()
        for day in (*(account.days or ()), account.tally):
            if day.calls:
                windows.setdefault(f"d:{day.start_us}", {}).update(_tally(day))
    total = Tally(0, 0)
    for tally in account.tallies():
        total.add(tally)
    fields |= _tally(total)
    if fields:
        yield ("HSET", key, *(part for field in fields.items() for part in field))
    if isinstance(account, Run):
        yield ("PEXPIRE", key, max(0, (account.expires_us - now_us) // 1_000) + _DAY_MS)
    for window, figures in windows.items():
        yield ("HSET", f"{key}:{window}", *(part for field in figures.items() for part in field))
        yield ("EXPIRE", f"{key}:{window}", _TTL_S[window[0]])


def _tally(tally: Tally) -> dict[str, int]:
    figures = {"tn": tally.nano, "ti": tally.input_tokens, "to": tally.output_tokens, "tc": tally.calls}
    return {name: figure for name, figure in figures.items() if figure}


def _run(run: Run) -> dict[str, str | int]:
    counts = {f"n{letter}": n for letter, n in zip(COUNTERS.values(), run.counts, strict=True) if n}
    parent = "" if run.parent is None else run.parent.id
    paused = {"q": run.paused_at_us, "Q": run.paused_us} if run.paused_at_us or run.paused_us else {}
    return {**fields_of(run.limits), **counts, "o": run.opened_us, "x": run.expires_us, "p": parent, **paused}
