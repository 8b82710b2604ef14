"""The file under the book: durable as promised, of a known format, its tiles and leaves whole or refused."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import store
from audit.book import Book
from audit.errors import BookDamaged, NoteRefused
from audit.note import Signer
from audit.schema import LEAF_COLUMNS
from tests.audit.opening import open_book, record

ORIGIN = "example.com/log"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = store.connect(tmp_path / "book.sqlite")
    store.make_tables(opened, ORIGIN, ())
    yield opened
    opened.close()


def rows(start: int, count: int, tenant: str | None = "a") -> list[Any]:
    values: list[Any] = []
    for index in range(start, start + count):
        values += (index, index.to_bytes(32), b"{}", 1_000 + index, "intent", tenant, index + 1, None)
    return values


def test_a_book_of_another_log_key_or_format_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    with open_book(tmp_path) as book:
        book.append_now(record(), tenant="a")
    with pytest.raises(BookDamaged, match=r"is of 'example\.com/log', expected 'other'"):
        open_book(tmp_path, origin="other")
    with pytest.raises(NoteRefused):
        Book.open(path, signer=Signer("example.com/log", b"x" * 32))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE book_meta SET value = 99 WHERE name = 'format'")
    db.close()
    with pytest.raises(BookDamaged, match="format 99"):
        open_book(tmp_path)


def test_a_writing_connection_flushes_each_commit_and_wipes_what_is_deleted(db: sqlite3.Connection) -> None:
    """SQLite's numbers: synchronous FULL (an fsync each commit) is 2, secure_delete ON is 1."""
    settings = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")]
    assert settings == ["wal", 2, 1]


def test_a_reading_connection_cannot_write(db: sqlite3.Connection, tmp_path: Path) -> None:
    store.insert_leaves(db, rows(0, 1))
    reading = store.connect(tmp_path / "book.sqlite", read_only=True)
    assert store.tree_size(reading) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reading.execute("DELETE FROM book_leaf")
    reading.close()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 128, 150])
def test_any_number_of_leaves_is_inserted_and_read_back_in_order(db: sqlite3.Connection, count: int) -> None:
    store.insert_leaves(db, rows(0, count))
    found = list(store.leaves(db, 0, count, page=40))
    assert [list(each) for each in found] == [
        rows(0, count)[at : at + LEAF_COLUMNS] for at in range(0, count * LEAF_COLUMNS, LEAF_COLUMNS)
    ]
    assert list(store.bodies(db, 0, count, page=40)) == [(row[0], row[2]) for row in found]
    assert store.tree_size(db) == count


def test_a_tile_is_read_from_its_row_or_else_from_its_leaves_and_refused_if_it_is_too_narrow(
    db: sqlite3.Connection,
) -> None:
    store.insert_leaves(db, rows(256, 3))
    from_leaves = b"".join(index.to_bytes(32) for index in (256, 257, 258))
    assert store.read_tile(db, 0, 1, 3) == from_leaves
    assert store.read_tile(db, 0, 1, 2) == from_leaves[:64]
    with pytest.raises(BookDamaged, match="tile 0/1 has 3 hashes, 4 are needed"):
        store.read_tile(db, 0, 1, 4)
    store.put_tiles(db, {(0, 1): b"t" * 8_192, (1, 0): b"u" * 32})
    store.put_tiles(db, {(1, 0): b"v" * 64})
    assert (store.read_tile(db, 0, 1, 1), store.read_tile(db, 1, 0, 2)) == (b"t" * 8_192, b"v" * 64)
    with pytest.raises(BookDamaged, match="tile 1/0 has 2 hashes, 3 are needed"):
        store.read_tile(db, 1, 0, 3)
    with pytest.raises(BookDamaged, match="tile 2/0 has 0 hashes, 1 are needed"):
        store.read_tile(db, 2, 0, 1)
    store.put_tiles(db, {(1, 0): b"v" * 65})
    with pytest.raises(BookDamaged, match="tile 1/0"):
        store.read_tile(db, 1, 0, 1)


def test_a_tenants_last_number_is_what_the_checkpoint_noted_or_what_came_later(db: sqlite3.Connection) -> None:
    store.put_tenants(db, {"a": 5, "b": 7}, 12)
    store.insert_leaves(db, rows(12, 2))
    store.insert_leaves(db, rows(14, 1, tenant=None))
    assert store.tenant_tseqs(db, 12) == ({"a": 14, "b": 7}, ["a"])
    assert store.tenant_tseqs(db, 14) == ({"a": 5, "b": 7}, [])


def test_the_newest_checkpoint_is_the_one_of_the_largest_size(db: sqlite3.Connection) -> None:
    assert store.last_checkpoint(db) is None
    db.execute("INSERT INTO book_checkpoint VALUES(9, 1, 'nine'), (10, 1, 'ten'), (2, 1, 'two')")
    assert store.last_checkpoint(db) == (10, b"ten")


def test_an_owner_that_ends_without_closing_is_noticed_by_the_next(tmp_path: Path) -> None:
    for is_open in (True, True, False):
        db = store.connect(tmp_path / "book.sqlite")
        store.make_tables(db, ORIGIN, ())
        store.mark_open(db, is_open=is_open)
        db.close()
        db = store.connect(tmp_path / "book.sqlite", read_only=True)
        assert store.was_left_open(db) is is_open
        db.close()


def test_the_log_is_written_through_and_emptied_but_for_a_reader_in_the_way(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    wal = tmp_path / "book.sqlite-wal"
    store.insert_leaves(db, rows(0, 1))
    reading = store.connect(tmp_path / "book.sqlite", read_only=True)
    reading.execute("BEGIN")
    store.tree_size(reading)
    store.insert_leaves(db, rows(1, 1))
    with pytest.raises(sqlite3.OperationalError, match="a reader keeps the write-ahead log busy"):
        store.write_through(db)
    assert wal.stat().st_size > 0
    reading.close()
    store.write_through(db)
    assert wal.stat().st_size == 0
