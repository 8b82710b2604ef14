"""Find records fast: an index in a file of its own, derived from the leaves, caught up whenever it is asked.

    posting   (term, block) -> offsets of the records in that block of 4,096, 16 bits each, rising
    term      first 8 bytes of BLAKE2b(field ‖ 0x00 ‖ value), as a signed integer

A question walks the blocks that all its terms have, newest first. The book has no such index because each column would
cost every call 1 to 5 µs. This file can be deleted at any time and is built again. What it finds is read from the book
and compared again, so a wrong index can hide a record but never invent one: for evidence, verify and export.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import msgspec

from .errors import BookError
from .export import first_at
from .reader import Reader

FIELDS = ("tenant", "run", "kind", "key", "model", "call", "target", "tool", "decision", "rule", "code")
"""What can be asked for; `tool`, `decision` and `rule` stand in lists, and one of the list's members must match."""

FORMAT = 3
BLOCK = 4_096
_FOUND_MAX = 10_000
_READ_BLOCKS = 64


class _Listed(msgspec.Struct, gc=False):
    name: str | None = None
    decision: str | None = None
    rule: str | None = None


class _Status(msgspec.Struct, gc=False):
    code: str | None = None


class _Indexed(msgspec.Struct, gc=False):
    """Of a record, only what is indexed."""

    kind: str
    tenant: str | None = None
    run: str | None = None
    key: str | None = None
    model: str | None = None
    call: str | None = None
    target: str | None = None
    tools: list[_Listed] = []
    decisions: list[_Listed] = []
    tool: _Listed | None = None
    status: _Status | None = None


_TEXTS = ("kind", "tenant", "run", "key", "model", "call", "target")
_decode = msgspec.json.Decoder(_Indexed).decode
Pair = tuple[str, str]
"""field, value"""


class SearchIndex:
    """An index of one book. For one thread at a time; several processes take turns."""

    __slots__ = ("_db", "_terms")

    def __init__(self, path: Path) -> None:
        """Open or make the index file (0600); one of another format is built anew."""
        path.touch(mode=0o600)
        path.chmod(0o600)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -65536")
        self._terms: dict[Pair, int] = {}
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            for name in ("entry", "posting", "progress"):
                self._db.execute(f"DROP TABLE IF EXISTS {name}")
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS posting("
            "term INTEGER, block INTEGER, offsets BLOB, PRIMARY KEY(term, block)) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS progress(one INTEGER PRIMARY KEY CHECK (one = 1), size, origin)")

    @property
    def size(self) -> int:
        """Number of records that are indexed."""
        row = self._db.execute("SELECT size FROM progress").fetchone()
        return 0 if row is None else int(row[0])

    def catch_up(self, reader: Reader) -> int:
        """Index what the reader sees beyond the index; return how many records that were.

        A last, partial block is indexed again with what came to it. An index of another book is built anew.
        """
        before = self._check(reader)
        for start in range(before // BLOCK * BLOCK, reader.size if reader.size > before else 0, BLOCK * _READ_BLOCKS):
            self._db.execute("BEGIN IMMEDIATE")
            end = min(start + BLOCK * _READ_BLOCKS, reader.size)
            for first in range(start, end, BLOCK):
                self._put(first // BLOCK, reader.records(first, min(first + BLOCK, end)))
            self._db.execute("INSERT OR REPLACE INTO progress VALUES(1, ?, ?)", (end, reader.origin))
            self._db.execute("COMMIT")
        return max(0, reader.size - before)

    def find(
        self,
        reader: Reader,
        *,
        from_us: int | None = None,
        until_us: int | None = None,
        limit: int = 100,
        **fields: Any,
    ) -> Iterator[tuple[int, bytes]]:
        """Yield (index, body) of the newest matching records, at most `limit`; `until_us` is exclusive.

        Raises BookError for a field that is not indexed or a limit above 10,000.
        """
        unknown = set(fields) - set(FIELDS)
        if unknown or not 0 < limit <= _FOUND_MAX:
            allowed = f"{', '.join(FIELDS)} and 1 to {_FOUND_MAX} records"
            raise BookError(f"search takes {allowed}, got {sorted(unknown)}, {limit}")
        self.catch_up(reader)
        low = 0 if from_us is None else first_at(reader, from_us)
        high = reader.size if until_us is None else first_at(reader, until_us)
        wanted = set(fields.items())
        for index in self._candidates(wanted, low, high):
            for found, body in reader.records(index, index + 1):
                if wanted <= set(_pairs(body)):
                    yield found, body
                    limit -= 1
            if not limit:
                return

    def _check(self, reader: Reader) -> int:
        row = self._db.execute("SELECT size, origin FROM progress").fetchone()
        if row is not None and (row[1] != reader.origin or row[0] > reader.size):
            self._db.execute("DELETE FROM posting")
            self._db.execute("DELETE FROM progress")
            row = None
        return 0 if row is None else int(row[0])

    def _put(self, block: int, records: Iterable[tuple[int, bytes]]) -> None:
        postings: dict[Pair, array[int]] = {}
        first = block * BLOCK
        for index, body in records:
            offset = index - first
            for pair in _pairs(body):
                offsets = postings.get(pair)
                if offsets is None:
                    postings[pair] = array("H", (offset,))
                elif offsets[-1] != offset:
                    offsets.append(offset)
        rows = sorted((_term(pair), block, offsets.tobytes()) for pair, offsets in postings.items())
        self._db.executemany("INSERT OR REPLACE INTO posting VALUES(?, ?, ?)", rows)

    def _candidates(self, wanted: set[Pair], low: int, high: int) -> Iterator[int]:
        """Yield the indexes below `high` and from `low` on that all terms have, newest first."""
        if not wanted:
            yield from range(high - 1, low - 1, -1)
            return
        terms = [_term(pair) for pair in wanted]
        blocks = set.intersection(*(self._blocks(term, low // BLOCK, high // BLOCK) for term in terms))
        for block in sorted(blocks, reverse=True):
            offsets = set.intersection(*(self._offsets(term, block) for term in terms))
            for offset in sorted(offsets, reverse=True):
                if low <= (index := block * BLOCK + offset) < high:
                    yield index

    def _blocks(self, term: int, low: int, high: int) -> set[int]:
        sql = "SELECT block FROM posting WHERE term = ? AND block BETWEEN ? AND ?"
        return {row[0] for row in self._db.execute(sql, (term, low, high))}

    def _offsets(self, term: int, block: int) -> set[int]:
        (found,) = self._db.execute(
            "SELECT offsets FROM posting WHERE term = ? AND block = ?", (term, block)
        ).fetchone()
        return set(array("H", found))

    def close(self) -> None:
        """Close the index."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _term(pair: Pair) -> int:
    text = f"{pair[0]}\0{pair[1]}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)


def _pairs(body: bytes) -> list[Pair]:
    """Return what a record is found by."""
    try:
        record = _decode(body)
    except msgspec.ValidationError:
        record = _loose(body)
    pairs: list[tuple[str, str | None]] = [
        ("kind", record.kind),
        ("tenant", record.tenant),
        ("run", record.run),
        ("key", record.key),
        ("model", record.model),
        ("call", record.call),
        ("target", record.target),
    ]
    if record.status is not None:
        pairs.append(("code", record.status.code))
    if record.tool is not None:
        pairs.append(("tool", record.tool.name))
    for tool in record.tools:
        pairs += [("tool", tool.name), ("decision", tool.decision), ("rule", tool.rule)]
    for each in record.decisions:
        pairs += [("decision", each.decision), ("rule", each.rule)]
    return [(field, value) for field, value in pairs if value is not None]


def _loose(body: bytes) -> _Indexed:
    """Read a record some field of which has another type than ours: that field is not found by, the others are."""
    tree: dict[str, Any] = msgspec.json.decode(body)
    texts: dict[str, Any] = {name: tree[name] for name in _TEXTS if isinstance(tree.get(name), str)}
    lists = {name: _listed(tree.get(name)) for name in ("tools", "decisions")}
    return _Indexed(**{"kind": "", **texts, **lists})


def _listed(tree: Any) -> list[_Listed]:
    members = [each for each in tree if isinstance(each, dict)] if isinstance(tree, list) else []
    return [
        _Listed(**{name: each[name] for name in _Listed.__struct_fields__ if isinstance(each.get(name), str)})
        for each in members
    ]
