"""An append: its state changes come with it or not at all, and its caller is told, whoever else is gone."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.append import Position, execute, resolve, tell
from audit.book import Book
from audit.errors import BookUnavailable, StatementFailed
from audit.reader import Reader
from tests.audit.opening import open_book, record


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


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


@pytest.mark.parametrize("value", [2**64, "\ud800", object()])
async def test_a_parameter_that_sqlite_cannot_take_fails_its_append_only(book: Book, value: Any) -> None:
    with pytest.raises(StatementFailed):
        await book.append(record(), tenant="a", statements=[("INSERT INTO thing VALUES('x', ?)", (value,))])
    assert (await book.append(record(), tenant="a")).tseq == 1


def test_a_state_change_that_is_no_sql_is_refused_and_the_file_is_untouched(book: Book) -> None:
    with pytest.raises(StatementFailed, match="nonsense"):
        book.change_now([("nonsense", ())])
    with pytest.raises(BookUnavailable):
        book.change_now([("ROLLBACK", ())])
    with pytest.raises(BookUnavailable):
        book.change_now([("INSERT OR ROLLBACK INTO thing VALUES('x', 1)", ())] * 2)
    assert book.append_now(record(), tenant="a").index == 0
    assert book.query("SELECT * FROM thing") == []


async def test_a_cancelled_caller_does_not_disturb_the_others(book: Book) -> None:
    gone = book.append(record(n=1), tenant="a")
    stays = book.append(record(n=2), tenant="a")
    gone.cancel()
    assert (await stays).tseq == 2


def test_an_append_whose_loop_has_ended_is_still_written(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:

        async def leave() -> None:
            book.append(record(), tenant="a")

        asyncio.run(leave())
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert reader.size == 1


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:", isolation_level=None)
    opened.execute("CREATE TABLE thing(name TEXT PRIMARY KEY)")
    opened.execute("BEGIN")
    yield opened
    opened.close()


def test_statements_that_succeed_stay_in_the_transaction_that_was_open(db: sqlite3.Connection) -> None:
    execute(db, [("INSERT INTO thing VALUES(?)", ("x",)), ("INSERT INTO thing VALUES(?)", ("y",))], sqlite3.Error)
    assert db.in_transaction
    assert db.execute("SELECT count(*) FROM thing").fetchone() == (2,)
    db.execute("ROLLBACK")
    assert db.execute("SELECT count(*) FROM thing").fetchone() == (0,)


def test_a_refused_statement_takes_its_own_append_along_and_nothing_before_it(
    db: sqlite3.Connection,
) -> None:
    execute(db, [("INSERT INTO thing VALUES('first')", ())], sqlite3.Error)
    with pytest.raises(StatementFailed, match="a state change was refused: UNIQUE constraint failed"):
        execute(
            db, [("INSERT INTO thing VALUES('second')", ()), ("INSERT INTO thing VALUES('first')", ())], sqlite3.Error
        )
    assert db.in_transaction
    assert db.execute("SELECT name FROM thing").fetchall() == [("first",)]


def test_a_statement_that_ended_the_transaction_is_no_refusal_but_a_failure(db: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        execute(db, [("ROLLBACK", ())], sqlite3.Error)
    assert not db.in_transaction


def append(future: Any, loop: asyncio.AbstractEventLoop | None) -> Any:
    return None, None, (), None, None, future, loop


async def test_each_caller_hears_its_own_outcome_whether_it_is_a_thread_or_a_loop() -> None:
    loop = asyncio.get_running_loop()
    waiting: Future[Position | None] = Future()
    here, there = loop.create_future(), loop.create_future()
    position = Position(4, b"l" * 32, 2)
    tell(
        [append(waiting, None), append(here, loop), append(there, loop)],
        [position, None, BookUnavailable("no")],
    )
    assert waiting.result(timeout=0) is position
    assert await here is None
    with pytest.raises(BookUnavailable, match="no"):
        await there


def test_a_caller_that_was_told_already_is_left_as_it_is() -> None:
    done: Future[int] = Future()
    done.set_result(1)
    gone: Future[int] = Future()
    gone.cancel()
    resolve([(done, None), (gone, BookUnavailable("late"))])
    assert done.result() == 1
    assert gone.cancelled()


def test_an_outcome_for_each_append_or_it_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="shorter"):
        tell([append(Future(), None)], [])
