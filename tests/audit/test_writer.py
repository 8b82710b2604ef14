"""The writer: groups, checkpoints and heads; what it does when the disk, the file or its own end is in the way."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.append import BookLimits
from audit.book import Book
from audit.checkpoint import open_checkpoint
from audit.errors import BookDamaged, BookUnavailable, FolderLocked, RecordRefused
from audit.reader import Reader
from audit.verify import verify_book
from tests.audit.opening import SIGNER, open_book, record


class Clock:
    """A wall clock that the test turns."""

    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


async def test_time_in_the_book_never_goes_back_although_the_clock_does(tmp_path: Path) -> None:
    clock = Clock()
    with open_book(tmp_path, now_us=clock) as book:
        await book.append(record(), tenant="a")
        clock.us -= 500
        await book.append(record(), tenant="a")
        assert [orjson.loads(body)["at"] for _, body in book.records()] == [1_000_000, 1_000_000]


class Ticks:
    """A clock that goes on by one at each look: records of one commit have one time."""

    def __init__(self) -> None:
        self.us = 0

    def __call__(self) -> int:
        self.us += 1
        return self.us


async def test_a_busy_book_waits_a_moment_and_writes_what_came_meanwhile_together(tmp_path: Path) -> None:
    with open_book(tmp_path, now_us=Ticks(), limits=BookLimits(gather_s=0.3)) as book:
        await asyncio.gather(*(book.append(record(), tenant="a") for _ in range(2)))
        early = book.append(record(), tenant="a")
        await asyncio.sleep(0.05)
        assert not early.done()
        await asyncio.gather(early, book.append(record(), tenant="a"))
        assert [orjson.loads(body)["at"] for _, body in book.records()] == [1, 1, 2, 2]


async def test_a_checkpoint_is_signed_over_all_that_is_durable_when_it_is_asked_for(tmp_path: Path) -> None:
    with open_book(tmp_path, limits=BookLimits(checkpoint_every_s=600, heads_max=1)) as book:
        for tenant in ("a", "b"):
            await book.append(record(), tenant=tenant)
        await book.sign()
        with Reader.open(book.place) as reader:
            assert reader.checkpoint is not None
            assert open_checkpoint(reader.checkpoint, book.origin, [SIGNER.verifier]).size == 2
        assert book.query("SELECT tenant, tseq FROM book_head ORDER BY tenant") == [("a", 1), ("b", 1)]


async def test_who_appends_alone_waits_for_nobody(tmp_path: Path) -> None:
    with open_book(tmp_path, now_us=Ticks(), limits=BookLimits(gather_s=600)) as book:
        async with asyncio.timeout(60):
            for _ in range(3):
                await book.append(record(), tenant="a")
        assert [orjson.loads(body)["at"] for _, body in book.records()] == [1, 2, 3]


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "intent", "cost": 0.1},
        {"kind": "intent", "tseq": 7},
        {"run": "r"},
        {"kind": []},
        {"kind": "intent", "run": 7},
    ],
)
async def test_a_record_that_breaks_the_format_takes_no_place(book: Book, bad: dict[str, Any]) -> None:
    with pytest.raises(RecordRefused):
        await book.append(bad, tenant="a")
    assert (await book.append(record(), tenant="a")).tseq == 1


@pytest.mark.parametrize("tenant", ["", "two\nlines", "x" * 201, "\ud800"])
async def test_a_tenant_whose_name_breaks_the_line_of_its_head_is_refused(book: Book, tenant: str) -> None:
    with pytest.raises(RecordRefused, match="is no tenant"):
        await book.append(record(), tenant=tenant)


def test_an_append_that_meets_a_writer_that_has_just_ended_is_told(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    book.close()
    future: Future[Any] = Future()
    book._queue.put(None)
    book._queue.put((record(), "a", (), None, None, future, None))
    book._writer.sweep()
    with pytest.raises(BookUnavailable, match="closed"):
        future.result(timeout=0)


def test_a_file_that_was_altered_while_the_book_recovered_is_not_written_to(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        for _ in range(3):
            book.append_now(record(), tenant="a")
    with open_book(tmp_path) as book:
        with pytest.raises(BookUnavailable):
            book.change_now([("ROLLBACK", ())])
        db = sqlite3.connect(tmp_path / "book.sqlite", isolation_level=None)
        db.execute("DELETE FROM book_leaf WHERE idx = 2")
        db.close()
        with pytest.raises(BookUnavailable, match="2 records, its last checkpoint was signed over 3"):
            book.append_now(record(), tenant="a")


def test_an_erasure_waits_for_no_reader_and_the_log_is_emptied_when_the_reader_is_gone(
    book: Book, tmp_path: Path
) -> None:
    wal = tmp_path / "book.sqlite-wal"
    book.append_now(record(), tenant="a")
    with Reader.open(book.place) as reader:
        reader.db.execute("BEGIN")
        reader.db.execute("SELECT count(*) FROM book_leaf").fetchone()
        book.append_now({"kind": "erasure"}, tenant="a")
        assert wal.stat().st_size > 0
    book.append_now(record(), tenant="a")
    assert wal.stat().st_size == 0


def test_a_disk_that_is_full_when_a_checkpoint_is_due_costs_only_the_checkpoint(tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    book = open_book(tmp_path, limits=BookLimits(checkpoint_every_s=1e9))
    book.append_now(record(), tenant="a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))
    try:
        book.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    with open_book(tmp_path) as again:
        assert [orjson.loads(body)["kind"] for _, body in again.records()] == ["intent", "repair"]
    assert verify_book(tmp_path / "book.sqlite", [SIGNER.verifier]).ok


def test_a_writer_that_does_not_end_keeps_its_lock(tmp_path: Path) -> None:
    book = open_book(tmp_path, limits=BookLimits(close_wait_s=0.05))
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT sum(i) FROM n"
    thread = threading.Thread(target=book.change_now, args=([(slow, ())],))
    thread.start()
    while book.queued:
        pass
    with pytest.raises(BookUnavailable, match="still writes after"):
        book.close()
    with pytest.raises(FolderLocked):
        open_book(tmp_path)
    thread.join()
    book._writer._thread.join()
    book.close()


async def test_a_grown_book_is_signed_after_its_interval_and_heads_follow_in_turn(tmp_path: Path) -> None:
    limits = BookLimits(checkpoint_every_s=0.01, heads_max=1)
    with open_book(tmp_path, limits=limits) as book:
        for tenant in ("a", "b", "c"):
            await book.append(record(), tenant=tenant)
        async with asyncio.timeout(20):
            while not book.query("SELECT 1 FROM book_checkpoint WHERE size = 3"):  # noqa: ASYNC110 - another thread's
                await asyncio.sleep(0.005)
        [(note,)] = book.query("SELECT note FROM book_checkpoint WHERE size = 3")
        assert open_checkpoint(note, "example.com/log", [SIGNER.verifier]).size == 3
    assert verify_book(tmp_path / "book.sqlite", [SIGNER.verifier]).ok


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM book_leaf WHERE idx >= 2", "2 records, its last checkpoint was signed over 3"),
        ("UPDATE book_leaf SET hash = zeroblob(32) WHERE idx = 1", "the checkpoint says"),
        ("DELETE FROM book_leaf WHERE idx = 0", "has 2 hashes, 3 are needed"),
    ],
)
def test_a_file_that_does_not_contain_its_last_checkpoint_is_not_written_to(
    tmp_path: Path, statement: str, words: str
) -> None:
    with open_book(tmp_path) as book:
        for _ in range(3):
            book.append_now(record(), tenant="a")
    with sqlite3.connect(tmp_path / "book.sqlite") as db:
        db.execute(statement)
    db.close()
    with pytest.raises(BookDamaged, match=words):
        open_book(tmp_path)


async def test_a_full_disk_fails_every_append_and_the_book_recovers_without_a_restart(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        await book.append(record(), tenant="a")
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = (tmp_path / "book.sqlite-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8_192, unlimited[1]))
        try:
            found = await asyncio.gather(
                *(book.append(record(fill="x" * 60_000), tenant="a") for _ in range(20)), return_exceptions=True
            )
            again = await asyncio.gather(book.append(record(), tenant="a"), return_exceptions=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        assert all(isinstance(each, BookUnavailable) for each in found)
        assert book.failure is not None or not isinstance(again[0], BaseException)
        before = len([each for each in again if not isinstance(each, BaseException)])
        position = await book.append(record(), tenant="a")
        assert (position.index, position.tseq) == (1 + before, 2 + before)
        assert book.failure is None
    assert verify_book(tmp_path / "book.sqlite", [SIGNER.verifier]).ok
