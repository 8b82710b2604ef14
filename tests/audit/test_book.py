"""The book: durable before acknowledged, in order, together with its state changes or not at all."""

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
from audit.errors import BookDamaged, BookUnavailable, FolderLocked, NoteRefused, RecordRefused, StatementFailed
from audit.merkle import leaf_hash
from audit.note import Signer
from audit.reader import Reader
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
SCHEMA = ("CREATE TABLE IF NOT EXISTS thing(name TEXT PRIMARY KEY, n INTEGER)",)


class Clock:
    """A wall clock that the test turns."""

    def __init__(self) -> None:
        self.us = 1_000_000

    def __call__(self) -> int:
        return self.us


def open_book(folder: Path, **more: Any) -> Book:
    return Book.open(folder / "book.sqlite", signer=SIGNER, schema=SCHEMA, **more)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


def record(**fields: Any) -> dict[str, Any]:
    return {"kind": "intent", "run": "r1", **fields}


async def test_a_record_gets_its_place_and_is_readable_once_acknowledged(book: Book) -> None:
    first = await book.append(record(n=1), tenant="a")
    second = await book.append(record(n=2), tenant="b")
    third = await book.append(record(n=3), tenant="a")
    nobody = await book.append(record(n=4), tenant=None)
    assert [first.index, second.index, third.index, nobody.index] == [0, 1, 2, 3]
    assert [first.tseq, second.tseq, third.tseq, nobody.tseq] == [1, 1, 2, None]
    bodies = dict(book.records())
    assert leaf_hash(bodies[2]) == third.leaf
    read = orjson.loads(bodies[2])
    assert (read["v"], read["tenant"], read["tseq"], read["n"]) == (1, "a", 2, 3)
    assert [each for each, _ in book.records(1, 3)] == [1, 2]
    assert book.size == 4
    assert book.queued == 0


async def test_concurrent_appends_keep_their_order_and_all_numbers_are_contiguous(book: Book) -> None:
    found = await asyncio.gather(*(book.append(record(n=each), tenant=f"t{each % 3}") for each in range(900)))
    assert [each.index for each in found] == list(range(900))
    assert [orjson.loads(body)["n"] for _, body in book.records()] == list(range(900))
    assert [each.tseq for each in found[::3]] == list(range(1, 301))


async def test_a_state_change_and_its_record_are_committed_together(book: Book) -> None:
    await book.append(record(), tenant="a", statements=[("INSERT INTO thing VALUES(?, ?)", ("x", 1))])
    await book.change([("UPDATE thing SET n = 2", ())])
    assert book.query("SELECT name, n FROM thing") == [("x", 2)]
    assert book.size == 1


async def test_a_refused_state_change_fails_its_own_append_only(book: Book) -> None:
    insert = ("INSERT INTO thing VALUES(?, ?)", ("x", 1))
    other = ("INSERT INTO thing VALUES(?, ?)", ("y", 1))
    found = await asyncio.gather(
        book.append(record(n=1), tenant="a", statements=[insert]),
        book.append(record(n=2), tenant="a", statements=[other, insert]),
        book.append(record(n=3), tenant="a"),
        return_exceptions=True,
    )
    assert isinstance(found[1], StatementFailed)
    assert isinstance(found[1].__cause__, sqlite3.IntegrityError)
    assert book.query("SELECT name FROM thing") == [("x",)]
    assert [orjson.loads(body)["tseq"] for _, body in book.records()] == [1, 2]


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


def test_threads_without_a_loop_append_and_change_and_wait(book: Book) -> None:
    threads = [threading.Thread(target=book.append_now, args=(record(),), kwargs={"tenant": "a"}) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    book.change_now([("INSERT INTO thing VALUES('z', 1)", ())])
    assert (book.size, book.query("SELECT name FROM thing")) == (8, [("z",)])


async def test_time_in_the_book_never_goes_back_although_the_clock_does(tmp_path: Path) -> None:
    clock = Clock()
    with open_book(tmp_path, now_us=clock) as book:
        await book.append(record(), tenant="a")
        clock.us -= 500
        await book.append(record(), tenant="a")
        assert [orjson.loads(body)["at"] for _, body in book.records()] == [1_000_000, 1_000_000]


@pytest.mark.parametrize("tenant", ["", "two\nlines", "x" * 201, "\ud800"])
async def test_a_tenant_whose_name_breaks_the_line_of_its_head_is_refused(book: Book, tenant: str) -> None:
    with pytest.raises(RecordRefused, match="is no tenant"):
        await book.append(record(), tenant=tenant)


@pytest.mark.parametrize("value", [2**64, "\ud800", object()])
async def test_a_parameter_that_sqlite_cannot_take_fails_its_append_only(book: Book, value: Any) -> None:
    with pytest.raises(StatementFailed):
        await book.append(record(), tenant="a", statements=[("INSERT INTO thing VALUES('x', ?)", (value,))])
    assert (await book.append(record(), tenant="a")).tseq == 1


async def test_a_cancelled_caller_does_not_disturb_the_others(book: Book) -> None:
    gone = book.append(record(n=1), tenant="a")
    stays = book.append(record(n=2), tenant="a")
    gone.cancel()
    assert (await stays).tseq == 2


async def test_what_was_appended_in_the_turn_that_closes_the_book_is_still_written(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    last = [book.append(record(n=each), tenant="a") for each in range(3)]
    assert book.queued == 3
    book.close()
    assert [(await each).index for each in last] == [0, 1, 2]


async def test_a_turn_of_the_loop_appends_no_more_than_the_queue_takes(tmp_path: Path) -> None:
    with open_book(tmp_path, limits=BookLimits(queue_max=2)) as book:
        taken = [book.append(record(n=each), tenant="a") for each in range(2)]
        with pytest.raises(BookUnavailable, match="queue is full: 2 records"):
            book.append(record(), tenant="a")
        assert len(await asyncio.gather(*taken)) == 2


async def test_a_full_queue_and_a_closed_book_refuse_at_once(tmp_path: Path) -> None:
    book = open_book(tmp_path, limits=BookLimits(queue_max=0))
    with pytest.raises(BookUnavailable, match="queue is full: 0 records"):
        book.append(record(), tenant="a")
    book.close()
    book.close()
    with pytest.raises(BookUnavailable, match="closed"):
        book.append(record(), tenant="a")


def test_an_append_that_meets_a_writer_that_has_just_ended_is_told(tmp_path: Path) -> None:
    book = open_book(tmp_path)
    book.close()
    future: Future[Any] = Future()
    book._queue.put(None)
    book._queue.put((record(), "a", (), None, future, None))
    book._writer.sweep()
    with pytest.raises(BookUnavailable, match="closed"):
        future.result(timeout=0)


def test_a_state_change_that_is_no_sql_is_refused_and_the_file_is_untouched(book: Book) -> None:
    with pytest.raises(StatementFailed, match="nonsense"):
        book.change_now([("nonsense", ())])
    with pytest.raises(BookUnavailable):
        book.change_now([("ROLLBACK", ())])
    with pytest.raises(BookUnavailable):
        book.change_now([("INSERT OR ROLLBACK INTO thing VALUES('x', 1)", ())] * 2)
    assert book.append_now(record(), tenant="a").index == 0
    assert book.query("SELECT * FROM thing") == []


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


def test_an_erasure_waits_for_no_reader_and_the_log_is_emptied_when_the_reader_is_gone(book: Book) -> None:
    book.append_now(record(), tenant="a")
    with Reader.open(book.path) as reader:
        reader.db.execute("BEGIN")
        reader.db.execute("SELECT count(*) FROM book_leaf").fetchone()
        book.append_now({"kind": "erasure"}, tenant="a")
        assert book.path.with_name("book.sqlite-wal").stat().st_size > 0
    book.append_now(record(), tenant="a")
    assert book.path.with_name("book.sqlite-wal").stat().st_size == 0


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


def test_an_append_whose_loop_has_ended_is_still_written(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:

        async def leave() -> None:
            book.append(record(), tenant="a")

        asyncio.run(leave())
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert reader.size == 1


def test_a_second_owner_is_refused_and_told_who_the_first_is(book: Book, tmp_path: Path) -> None:
    with pytest.raises(FolderLocked, match=r"belongs to a running process \(pid \d+\)"):
        open_book(tmp_path)
    assert book.failure is None


def test_a_reopened_book_goes_on_where_it_ended(tmp_path: Path) -> None:
    for start in range(0, 900, 300):
        with open_book(tmp_path) as book:
            for each in range(300):
                assert book.append_now(record(), tenant="a").tseq == start + each + 1
    verdict = verify_book(tmp_path / "book.sqlite", [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.signed_size, verdict.tenants) == (True, 900, 900, {"a": 900})


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


async def test_a_reader_sees_what_was_there_when_it_opened_while_the_owner_goes_on(book: Book, tmp_path: Path) -> None:
    positions = [await book.append(record(n=each), tenant="a") for each in range(5)]
    with Reader.open(tmp_path / "book.sqlite") as reader, Reader.open(book.path, signed_only=True) as signed:
        await book.append(record(n=5), tenant="a")
        assert [index for index, _ in reader.records()] == [0, 1, 2, 3, 4]
        assert [index for index, _ in reader.records(3, 99)] == [3, 4]
        assert positions[4].index == 4
        assert (signed.size, signed.checkpoint) == (0, None)
