"""Find records fast: an index in a file of its own, derived from the leaves, caught up whenever it is asked.

The book has no such index because each column would cost every call 1 to 5 µs. This file can be deleted at any time and
is built again; it holds nothing that the leaves do not hold. What it finds is read from the book itself, so a wrong
index can hide a record but never invent or alter one: for evidence, verify and export.
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

import orjson

from .errors import BookError
from .reader import Reader

COLUMNS = ("tenant", "run", "kind", "key", "model", "call")
"""Fields of a record that are indexed, one by one."""

_BATCH = 5_000
_FOUND_MAX = 10_000


class SearchIndex:
    """An index of one book. For one thread at a time; several processes take turns."""

    __slots__ = ("_db",)

    def __init__(self, path: Path) -> None:
        """Open or make the index file."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        names = ", ".join(f"{name} TEXT" for name in COLUMNS)
        self._db.execute(f"CREATE TABLE IF NOT EXISTS entry(idx INTEGER PRIMARY KEY, at_us INTEGER, {names})")
        for name in (*COLUMNS, "at_us"):
            self._db.execute(f"CREATE INDEX IF NOT EXISTS entry_{name} ON entry({name}) WHERE {name} IS NOT NULL")

    @property
    def size(self) -> int:
        """Number of records that are indexed."""
        (last,) = self._db.execute("SELECT max(idx) FROM entry").fetchone()
        return 0 if last is None else int(last) + 1

    def catch_up(self, reader: Reader) -> int:
        """Index what the reader sees beyond the index; return how many records that were."""
        count = 0
        marks = ", ".join("?" * (2 + len(COLUMNS)))
        records = reader.records(self.size)
        while batch := list(islice(records, _BATCH)):
            self._db.execute("BEGIN IMMEDIATE")
            rows = [_row(index, body) for index, body in batch]
            self._db.executemany(f"INSERT OR REPLACE INTO entry VALUES({marks})", rows)
            self._db.execute("COMMIT")
            count += len(batch)
        return count

    def find(
        self,
        reader: Reader,
        *,
        from_us: int | None = None,
        until_us: int | None = None,
        limit: int = 100,
        **fields: str,
    ) -> Iterator[tuple[int, bytes]]:
        """Yield (index, body) of the newest matching records, at most `limit`; `until_us` is exclusive.

        Raises BookError for a field that is not indexed or a limit above 10,000.
        """
        unknown = set(fields) - set(COLUMNS)
        if unknown or not 0 < limit <= _FOUND_MAX:
            allowed = f"{', '.join(COLUMNS)} and 1 to {_FOUND_MAX} records"
            raise BookError(f"search takes {allowed}, got {sorted(unknown)}, {limit}")
        self.catch_up(reader)
        tests = [f"{name} = :{name}" for name in fields]
        tests += ["at_us >= :from_us"] * (from_us is not None) + ["at_us < :until_us"] * (until_us is not None)
        found = self._db.execute(
            f"SELECT idx FROM entry WHERE {' AND '.join(tests) or '1'} ORDER BY idx DESC LIMIT :limit",  # noqa: S608
            {**fields, "from_us": from_us, "until_us": until_us, "limit": limit},
        ).fetchall()
        for (index,) in found:
            yield from reader.records(index, index + 1)

    def close(self) -> None:
        """Close the index."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _row(index: int, body: bytes) -> tuple[Any, ...]:
    record = orjson.loads(body)
    values = [record.get(name) for name in COLUMNS]
    return (index, record["at"], *(each if isinstance(each, str) else None for each in values))
