"""Export records: streaming, in order, in bounded memory.

    JSON lines    {"index": …, "leaf": "<hex>", "record": {…}}    the record stands in its canonical bytes, so whoever
                                                                  has the line can hash it again: leaf =
                                                                  SHA-256(0x00 ‖ bytes of the record)
    CSV           one row a record for spreadsheets: the main fields flat, lists as JSON; it has the leaf hash, but what
                  is evidence is the JSON

A cell that a spreadsheet would take for a formula gets an apostrophe before it.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import orjson

from .reader import Reader

PAGE_ROWS = 1_000
Progress = Callable[[int], None]
"""Told now and then how many records were written."""

CSV_COLUMNS = (
    *(
        "index",
        "time",
        "tenant",
        "tseq",
        "kind",
        "call",
        "attempt",
        "run",
        "session",
        "step",
        "phase",
        "key",
        "profile",
    ),
    *("policy", "route", "model", "target", "http", "code", "nano_usd", "input_tokens", "output_tokens", "degraded"),
    *("actor", "reason", "decisions", "findings", "tools", "data", "change", "leaf"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records: all conditions that are given must hold. Times in µs UTC, `until_us` exclusive."""

    tenant: str | None = None
    run: str | None = None
    kind: str | None = None
    from_us: int | None = None
    until_us: int | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition on columns, without the times, and its parameters."""
        tests = {"tenant": "tenant = :tenant", "run": "run = :run", "kind": "kind = :kind"}
        given = {name: getattr(self, name) for name in tests if getattr(self, name) is not None}
        return " AND ".join([tests[name] for name in given]) or "1 = 1", given


def first_at(reader: Reader, at_us: int) -> int:
    """Return the index of the first record at or after an instant: times never go back, so it is found by halving."""
    low, high = 0, reader.size
    while low < high:
        middle = (low + high) // 2
        row = reader.db.execute("SELECT at_us FROM book_leaf WHERE idx = ?", (middle,)).fetchone()
        if row is not None and row[0] >= at_us:
            high = middle
        else:
            low = middle + 1
    return low


def select(reader: Reader, selection: Selection) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (index, leaf hash, body) of the selected records in order, in short transactions."""
    where, parameters = selection.where()
    last = -1 if selection.from_us is None else first_at(reader, selection.from_us) - 1
    end = reader.size if selection.until_us is None else first_at(reader, selection.until_us)
    while True:
        rows = reader.db.execute(
            f"SELECT idx, hash, body FROM book_leaf WHERE idx > :last AND idx < :end AND {where} "  # noqa: S608 - constants
            "ORDER BY idx LIMIT :page",
            {**parameters, "last": last, "end": end, "page": PAGE_ROWS},
        ).fetchall()
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1][0]


def export_jsonl(reader: Reader, out: IO[bytes], selection: Selection, *, progress: Progress | None = None) -> int:
    """Write the selected records as JSON lines; return their number."""
    count = 0
    for index, leaf, body in select(reader, selection):
        out.write(b'{"index":%d,"leaf":"%s","record":%s}\n' % (index, leaf.hex().encode(), body))
        count += 1
        if progress is not None and count % PAGE_ROWS == 0:
            progress(count)
    return count


def export_csv(reader: Reader, out: IO[bytes], selection: Selection, *, progress: Progress | None = None) -> int:
    """Write the selected records as CSV with a head line; return their number."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    rows = csv.writer(text)
    rows.writerow(CSV_COLUMNS)
    count = 0
    for index, leaf, body in select(reader, selection):
        rows.writerow([_cell(value) for value in cells(index, leaf, orjson.loads(body)).values()])
        count += 1
        if progress is not None and count % PAGE_ROWS == 0:
            progress(count)
    text.flush()
    text.detach()
    return count


def cells(index: int, leaf: bytes, record: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in each of CSV_COLUMNS, in their order; None where the record has nothing."""
    billed: list[dict[str, Any]] = record.get("billed") or []
    status: dict[str, Any] = record.get("status") or {}
    own = {
        "index": index,
        "time": dt.datetime.fromtimestamp(record["at"] / 1_000_000, dt.UTC).isoformat(timespec="microseconds"),
        "http": status.get("http"),
        "code": status.get("code"),
        "leaf": leaf.hex(),
        **{
            name: sum(each.get(name, 0) for each in billed) if billed else None
            for name in ("nano_usd", "input_tokens", "output_tokens")
        },
    }
    return {name: own[name] if name in own else record.get(name) for name in CSV_COLUMNS}


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode() if value else ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
