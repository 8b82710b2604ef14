"""Who used it: spend by tenant, day, key, model, user and feature, folded out of the book into a file of its own.

    spend      (day, tenant, key, model, user, feature) -> calls, nano-dollars, tokens
    standing   holds that are open, and charges that may still be refunded: where they count
    differing  replies whose reported usage is not what we counted

The file is derived: it is caught up from the book whenever it is asked, about 4 µs a record, and can be deleted at any
time. What it adds up are the ledger's own entries, so its sums are the ledger's balances. A charge counts on the day of
its hold, in the time zone that the tenant has when it is folded.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

import msgspec

from audit.reader import Reader
from limits.entries import Entry, ExpireEntry, HoldEntry, RefundEntry, SettleEntry

By = Literal["tenant", "day", "key", "model", "user", "feature"]
DIMENSIONS: tuple[By, ...] = get_args(By)
FORMAT = 1
_AT_ONCE = 20_000
_QUARTER_US = 900_000_000
_DIFFERING_MAX = 10_000
Bucket = tuple[str, str, str, str, str, str]
"""day, tenant, key, model, user, feature"""


class _Named(msgspec.Struct, gc=False):
    name: str = ""


class _Billed(msgspec.Struct, gc=False):
    target: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    counted_input_tokens: int | None = None
    counted_output_tokens: int = 0


class _Told(msgspec.Struct, gc=False):
    """Of a record, only what is folded."""

    at: int = 0
    call: str = ""
    tenant: str = ""
    key: str = ""
    model: str = ""
    user: str = ""
    feature: str = ""
    tool: _Named | None = None
    ledger: list[Entry] = []
    billed: list[_Billed] = []


class Spent(msgspec.Struct, frozen=True):
    """A sum: `of` are the values of the dimensions that were asked for, in their order."""

    of: tuple[str, ...]
    calls: int
    nano: int
    input_tokens: int
    output_tokens: int


class Differing(msgspec.Struct, frozen=True):
    """A reply whose provider reported other tokens than we counted."""

    at_us: int
    call: str
    tenant: str
    key: str
    model: str
    target: str
    reported: tuple[int, int]
    counted: tuple[int, int]


class Usage:
    """The folded file of one book. For one thread at a time; `zone_of` gives a tenant's time zone by its id."""

    def __init__(self, path: Path, zone_of: Callable[[str], str]) -> None:
        """Open or make the file (0600); one of another format is made anew."""
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._zone_of = zone_of
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            self._clear()
        self._decode = msgspec.json.Decoder(_Told).decode
        self._days: dict[tuple[str, int], str] = {}

    def _clear(self) -> None:
        for name in ("spend", "standing", "differing", "progress"):
            self._db.execute(f"DROP TABLE IF EXISTS {name}")
        self._db.execute(
            "CREATE TABLE spend(day TEXT, tenant TEXT, key TEXT, model TEXT, user TEXT, feature TEXT, calls INTEGER,"
            " nano INTEGER, inward INTEGER, outward INTEGER, PRIMARY KEY(tenant, day, key, model, user, feature))"
            " WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE standing(id TEXT PRIMARY KEY, told TEXT) WITHOUT ROWID")
        self._db.execute("CREATE TABLE differing(record INTEGER PRIMARY KEY, tenant TEXT, told TEXT)")
        self._db.execute("CREATE TABLE progress(one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER, origin TEXT)")
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def catch_up(self, reader: Reader) -> int:
        """Fold what the reader sees beyond the file; return how many records that were. Processes take turns."""
        folded = 0
        while True:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute("SELECT size, origin FROM progress").fetchone()
            if row is not None and (row[1] != reader.origin or row[0] > reader.size):
                self._clear()
                row = None
            start = 0 if row is None else int(row[0])
            end = min(start + _AT_ONCE, reader.size)
            _Fold(self._db, self._day).take(
                (index, self._decode(body)) for index, body in reader.records(start, end) if b'"ledger"' in body
            )
            self._db.execute("INSERT OR REPLACE INTO progress VALUES(1, ?, ?)", (end, reader.origin))
            self._db.execute("COMMIT")
            folded += end - start
            if end == reader.size:
                return folded

    def _day(self, tenant: str, at_us: int) -> str:
        quarter = at_us // _QUARTER_US
        day = self._days.get((tenant, quarter))
        if day is None:
            at = dt.datetime.fromtimestamp(at_us / 1_000_000, ZoneInfo(self._zone_of(tenant)))
            if len(self._days) >= _AT_ONCE:
                self._days.clear()
            day = self._days[tenant, quarter] = at.date().isoformat()
        return day

    def spent(
        self, by: Sequence[By], *, since: str = "", until: str = "9999", limit: int = 1_000, **only: str
    ) -> list[Spent]:
        """Return sums by these dimensions from day `since` to day `until` (both included), the dearest first.

        `only` narrows to one value of a dimension; KeyError for an unknown one.
        """
        for name in (*by, *only):
            if name not in DIMENSIONS:
                raise KeyError(name)
        where = "".join(f" AND {name} = ?" for name in only)
        columns = "".join(f"{name}, " for name in by)
        group = "GROUP BY " + ", ".join(by) if by else ""
        rows = self._db.execute(
            f"SELECT {columns} sum(calls), sum(nano), sum(inward), sum(outward) FROM spend"  # noqa: S608 - our names
            f" WHERE day >= ? AND day <= ?{where} {group} ORDER BY sum(nano) DESC LIMIT ?",
            (since, until, *only.values(), limit),
        )
        return [Spent(tuple(row[: len(by)]), *(figure or 0 for figure in row[len(by) :])) for row in rows]

    def differing(self, *, tenant: str | None = None, percent: int = 10, limit: int = 1_000) -> list[Differing]:
        """Return replies whose reported tokens are off our count by more than `percent`, in or out, latest first.

        A difference of 50 tokens or less is none: a template's frame is only known within that.
        """
        where, given = ("", ()) if tenant is None else (" WHERE tenant = ?", (tenant,))
        found = []
        for (told,) in self._db.execute(
            f"SELECT told FROM differing{where} ORDER BY record DESC",  # noqa: S608 - ours
            given,
        ):
            one = msgspec.json.decode(told, type=Differing)
            if any(_off(said, own, percent) for said, own in zip(one.reported, one.counted, strict=True)):
                found.append(one)
                if len(found) >= limit:
                    break
        return found

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _off(said: int, own: int, percent: int) -> bool:
    return abs(said - own) > max(50, max(said, own) * percent // 100)


class _Fold:
    """One turn of folding, inside a transaction."""

    def __init__(self, db: sqlite3.Connection, day: Callable[[str, int], str]) -> None:
        self._db = db
        self._day = day
        self._sums: dict[Bucket, list[int]] = {}
        self._fresh: dict[str, tuple[Bucket, int, int, int]] = {}

    def take(self, records: Iterable[tuple[int, _Told]]) -> None:
        """Fold records into the tables."""
        for index, told in records:
            for entry in told.ledger:
                if type(entry) is HoldEntry:
                    bucket = (
                        self._day(told.tenant, entry.at_us),
                        *(told.tenant, told.key, told.model or _tool(told), told.user, told.feature),
                    )
                    self._fresh[entry.id] = (bucket, entry.nano, entry.input_tokens, entry.output_tokens)
                elif type(entry) is SettleEntry:
                    self._settle(entry)
                elif type(entry) is ExpireEntry:
                    self._charge(entry.id, None, keep=True)
                elif type(entry) is RefundEntry:
                    self._refund(entry)
            for billed in told.billed:
                if billed.counted_input_tokens is not None:
                    self._differ(index, told, billed)
        self._write()

    def _settle(self, entry: SettleEntry) -> None:
        figures = (entry.nano, entry.input_tokens, entry.output_tokens)
        self._charge(entry.id, figures, keep=entry.mark not in ("billed", "released"))

    def _charge(self, hold_id: str, figures: tuple[int, int, int] | None, *, keep: bool) -> None:
        """Charge a hold where it counts, in full if `figures` is None; `keep` it for a refund."""
        standing = self._take(hold_id)
        if standing is None:
            return
        bucket, nano, inward, outward = standing
        charged = (nano, inward, outward) if figures is None else figures
        self._add(bucket, 1 if any(charged) else 0, *charged)
        if keep:
            self._fresh[hold_id] = (bucket, *charged)

    def _refund(self, entry: RefundEntry) -> None:
        standing = self._take(entry.id)
        if standing is not None:
            self._add(standing[0], 0, -entry.nano, -entry.input_tokens, -entry.output_tokens)

    def _take(self, hold_id: str) -> tuple[Bucket, int, int, int] | None:
        standing = self._fresh.pop(hold_id, None)
        if standing is not None:
            return standing
        row = self._db.execute("SELECT told FROM standing WHERE id = ?", (hold_id,)).fetchone()
        if row is None:
            return None
        self._db.execute("DELETE FROM standing WHERE id = ?", (hold_id,))
        return msgspec.json.decode(row[0], type=tuple[Bucket, int, int, int])

    def _add(self, bucket: Bucket, *figures: int) -> None:
        sums = self._sums.setdefault(bucket, [0, 0, 0, 0])
        for at, figure in enumerate(figures):
            sums[at] += figure

    def _differ(self, index: int, told: _Told, billed: _Billed) -> None:
        one = Differing(
            told.at,
            told.call,
            told.tenant,
            told.key,
            told.model,
            billed.target,
            (billed.input_tokens, billed.output_tokens),
            (billed.counted_input_tokens or 0, billed.counted_output_tokens),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO differing VALUES(?, ?, ?)", (index, told.tenant, msgspec.json.encode(one))
        )

    def _write(self) -> None:
        self._db.executemany(
            "INSERT INTO spend VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " calls = calls + excluded.calls, nano = nano + excluded.nano, inward = inward + excluded.inward,"
            " outward = outward + excluded.outward",
            [(*bucket, *sums) for bucket, sums in self._sums.items()],
        )
        rows: list[Any] = [(hold_id, msgspec.json.encode(standing)) for hold_id, standing in self._fresh.items()]
        self._db.executemany("INSERT OR REPLACE INTO standing VALUES(?, ?)", rows)
        self._db.execute(
            "DELETE FROM differing WHERE record <="
            " (SELECT record FROM differing ORDER BY record DESC LIMIT 1 OFFSET ?)",
            (_DIFFERING_MAX,),
        )


def _tool(told: _Told) -> str:
    return "" if told.tool is None else f"tool:{told.tool.name}"
