"""Export records as JSON lines: streaming, in order, in bounded memory.

Each line is {"index": …, "leaf": "<hex>", "record": {…}}; the record stands in its canonical bytes, so whoever has the
line can hash it again: leaf = SHA-256(0x00 ‖ bytes of the record).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from .reader import Reader

PAGE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records: all conditions that are given must hold. Times in µs UTC, `until_us` exclusive."""

    tenant: str | None = None
    run: str | None = None
    kind: str | None = None
    from_us: int | None = None
    until_us: int | None = None

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition and its parameters."""
        tests = {
            "tenant": "tenant = :tenant",
            "run": "run = :run",
            "kind": "kind = :kind",
            "from_us": "at_us >= :from_us",
            "until_us": "at_us < :until_us",
        }
        given = {name: getattr(self, name) for name in tests if getattr(self, name) is not None}
        return " AND ".join([tests[name] for name in given]) or "1", given


def select(reader: Reader, selection: Selection) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield (index, leaf hash, body) of the selected records in order, in short transactions."""
    where, parameters = selection.where()
    last = -1
    while True:
        rows = reader.db.execute(
            f"SELECT idx, hash, body FROM book_leaf WHERE idx > :last AND idx < :size AND {where} "  # noqa: S608 - constants
            "ORDER BY idx LIMIT :page",
            {**parameters, "last": last, "size": reader.size, "page": PAGE_ROWS},
        ).fetchall()
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1][0]


def export_jsonl(
    reader: Reader, out: IO[bytes], selection: Selection, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write the selected records as JSON lines; return their number. `progress` is told it now and then."""
    count = 0
    for index, leaf, body in select(reader, selection):
        out.write(b'{"index":%d,"leaf":"%s","record":%s}\n' % (index, leaf.hex().encode(), body))
        count += 1
        if progress is not None and count % PAGE_ROWS == 0:
            progress(count)
    return count
