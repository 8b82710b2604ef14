"""The book's SQLite file: opening it with the promised durability, and reading what is durable.

Promise: a transaction that `COMMIT` acknowledged survives a kill and, as far as the disk keeps its word, a power cut
(WAL, `synchronous=FULL`: one fsync a commit). After any failed commit the file is opened anew and its WAL is written
through into the database before anything else is trusted: pages of a failed fsync may be gone although they still read
well.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .database import Database
from .errors import BookDamaged
from .merkle import HASH_BYTES
from .schema import FORMAT, LEAF_COLUMNS, TABLES, TILE_LEVEL_SHIFT
from .tiles import TILE_WIDTH

Row = tuple[int, bytes, bytes, int, str, str | None, int | None, str | None]
"""index, leaf hash, body, time (µs UTC), kind, tenant, tseq, run."""

LEAVES_AT_ONCE_MAX = 64
_ROW = f"({','.join('?' * LEAF_COLUMNS)})"
_INSERT = [f"INSERT INTO book_leaf VALUES {','.join([_ROW] * n)}" for n in range(LEAVES_AT_ONCE_MAX + 1)]  # noqa: S608
_PUT_TILE = "INSERT INTO book_tile VALUES(?, ?) ON CONFLICT(id) DO UPDATE SET hashes = excluded.hashes"
_PUT_TENANT = """INSERT INTO book_tenant VALUES(?, ?, ?)
    ON CONFLICT(tenant) DO UPDATE SET tseq = excluded.tseq, size = excluded.size"""
_LEAVES = """SELECT idx, CAST(hash AS BLOB), CAST(body AS BLOB), at_us, kind, tenant, tseq, run
    FROM book_leaf WHERE idx >= ? AND idx < ? ORDER BY idx"""
_BODIES = "SELECT idx, CAST(body AS BLOB) FROM book_leaf WHERE idx >= ? AND idx < ? ORDER BY idx"
_WAL_PAGES = 4_000
_BUSY_MS = 5_000
_MODE = 0o600
"""Only the owner reads the book; SQLite gives its write-ahead log the same mode."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the file; the connection may be handed to another thread, but used by one at a time."""
    if read_only:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        return db
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    return db


def make_tables(db: Database, origin: str, schema: Sequence[str]) -> None:
    """Make the tables that are missing, within the open transaction."""
    for statement in (*TABLES, *schema):
        db.execute(statement)
    meta = (str(FORMAT), origin)
    db.execute("INSERT INTO book_meta VALUES('format', ?), ('origin', ?) ON CONFLICT DO NOTHING", meta)


def check_meta(db: Database, origin: str | None) -> str:
    """Return the file's origin; raise BookDamaged if it is not `origin` or if the format is not known."""
    meta = dict(db.execute("SELECT name, value FROM book_meta").fetchall())
    if str(meta.get("format")) != str(FORMAT):
        raise BookDamaged(f"the book has format {meta.get('format')}, this version reads {FORMAT}")
    if origin is not None and meta["origin"] != origin:
        raise BookDamaged(f"the book is of {meta['origin']!r}, expected {origin!r}")
    return str(meta["origin"])


def was_left_open(db: Database) -> bool:
    """Tell whether the last owner ended without closing the book."""
    return db.execute("SELECT 1 FROM book_meta WHERE name = 'open'").fetchone() is not None


def mark_open(db: Database, *, is_open: bool) -> None:
    """Note durably that the book is open, or was closed."""
    if is_open:
        db.execute("INSERT INTO book_meta VALUES('open', '1') ON CONFLICT DO NOTHING")
    else:
        db.execute("DELETE FROM book_meta WHERE name = 'open'")


def write_through(db: Database) -> None:
    """Copy the WAL into the database, fsync it and empty the WAL; raise sqlite3.OperationalError if that fails.

    A reader that is in the way is not waited for: the callers of the book would wait as well.
    """
    db.execute("PRAGMA busy_timeout = 0")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    if busy:
        raise sqlite3.OperationalError("a reader keeps the write-ahead log busy")


def insert_leaves(db: Database, values: list[Any]) -> None:
    """Insert rows, given as one flat list, by few wide statements: each gives up the interpreter lock only once.

    Up to `LEAVES_AT_ONCE_MAX` rows are one statement, which is a transaction of its own if none is open.
    """
    width = LEAVES_AT_ONCE_MAX * LEAF_COLUMNS
    for at in range(0, len(values), width):
        rows = values[at : at + width]
        db.execute(_INSERT[len(rows) // LEAF_COLUMNS], rows)


def put_tiles(db: Database, changed: dict[tuple[int, int], bytes]) -> None:
    """Store tiles by (level, number)."""
    db.executemany(_PUT_TILE, [(level << TILE_LEVEL_SHIFT | n, hashes) for (level, n), hashes in changed.items()])


def tree_size(db: Database) -> int:
    """Return the number of leaves; raise BookDamaged if indexes have gaps at the ends."""
    (last,) = db.execute("SELECT max(idx) FROM book_leaf").fetchone()
    return 0 if last is None else int(last) + 1


def read_tile(db: Database, level: int, number: int, width: int) -> bytes:
    """Read at least `width` hashes of a tile; raise BookDamaged if they are not there. A `tiles.ReadTile`."""
    row = db.execute(
        "SELECT CAST(hashes AS BLOB) FROM book_tile WHERE id = ?", (level << TILE_LEVEL_SHIFT | number,)
    ).fetchone()
    if row is not None:
        tile = bytes(row[0])
    elif level == 0:
        first = number * TILE_WIDTH
        rows = db.execute(
            "SELECT CAST(hash AS BLOB) FROM book_leaf WHERE idx >= ? AND idx < ? ORDER BY idx", (first, first + width)
        ).fetchall()
        tile = b"".join(each[0] for each in rows)
    else:
        tile = b""
    if len(tile) < width * HASH_BYTES or len(tile) % HASH_BYTES:
        raise BookDamaged(f"tile {level}/{number} has {len(tile) // HASH_BYTES} hashes, {width} are needed")
    return tile


def tenant_tseqs(db: Database, signed_size: int) -> tuple[dict[str, int], list[str]]:
    """Return each tenant's last tseq, and the tenants that have records beyond the last checkpoint."""
    found: dict[str, int] = dict(db.execute("SELECT tenant, tseq FROM book_tenant").fetchall())
    later = db.execute(
        "SELECT tenant, max(tseq) FROM book_leaf WHERE idx >= ? AND tenant IS NOT NULL GROUP BY tenant", (signed_size,)
    ).fetchall()
    found.update(later)
    return found, [row[0] for row in later]


def put_tenants(db: Database, tseqs: dict[str, int], size: int) -> None:
    """Store the last tseq of these tenants as of a tree size."""
    rows = [(tenant, tseq, size) for tenant, tseq in tseqs.items()]
    db.executemany(_PUT_TENANT, rows)


def marks(db: Database, start: int, end: int) -> list[tuple[bytes, str, str | None, int | None]]:
    """Return leaf hash, kind, tenant and tseq of the leaves start … end - 1, in order: what others added."""
    sql = "SELECT CAST(hash AS BLOB), kind, tenant, tseq FROM book_leaf WHERE idx >= ? AND idx < ? ORDER BY idx"
    return db.execute(sql, (start, end)).fetchall() if start < end else []


def last_checkpoint(db: Database) -> tuple[int, bytes] | None:
    """Size and note of the newest checkpoint."""
    row = db.execute("SELECT size, CAST(note AS BLOB) FROM book_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def leaves(db: Database, start: int, end: int, *, page: int = 1_000) -> Iterator[Row]:
    """Rows start … end - 1 in order, read in short transactions of `page` rows."""
    while start < end:
        stop = min(start + page, end)
        yield from db.execute(_LEAVES, (start, stop)).fetchall()
        start = stop


def bodies(db: Database, start: int, end: int, *, page: int = 1_000) -> Iterator[tuple[int, bytes]]:
    """Index and body of rows start … end - 1 in order, likewise; half the price of whole rows."""
    while start < end:
        stop = min(start + page, end)
        yield from db.execute(_BODIES, (start, stop)).fetchall()
        start = stop
