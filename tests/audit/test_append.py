"""An append: its state changes come with it or not at all, and its caller is told, whoever else is gone."""

import asyncio
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.append import BookLimits, Position, execute, resolve, tell
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
