"""Searching: newest first, caught up by itself, and never able to invent a record."""

from pathlib import Path

import orjson
import pytest

from audit.book import Book
from audit.errors import BookError
from audit.note import Signer
from audit.reader import Reader
from audit.search import SearchIndex

SIGNER = Signer("example.com/log", b"s" * 32)


def test_records_are_found_by_field_and_time_and_new_ones_at_the_next_question(tmp_path: Path) -> None:
    clock = iter(range(1_000, 1_000_000, 10))
    path = tmp_path / "book.sqlite"
    with Book.open(path, signer=SIGNER, now_us=lambda: next(clock)) as book, SearchIndex(tmp_path / "search") as index:
        for each in range(60):
            record = {
                "kind": "intent",
                "run": f"r{each // 10}",
                "model": "m",
                "key": f"k{each % 2}",
                "call": f"c{each}",
            }
            book.append_now(record, tenant="ab"[each % 2])
        with Reader.open(path) as reader:
            assert [each for each, _ in index.find(reader, run="r2", tenant="a")] == [28, 26, 24, 22, 20]
            assert [each for each, _ in index.find(reader, from_us=1_010, until_us=1_030)] == [2, 1]
            assert [each for each, _ in index.find(reader, limit=3)] == [59, 58, 57]
            assert list(index.find(reader, model="other")) == []
            assert index.catch_up(reader) == 0
        book.append_now({"kind": "reload", "model": {"not": "text"}}, tenant=None)
        with Reader.open(path) as reader:
            [(number, body)] = index.find(reader, kind="reload")
            assert (number, orjson.loads(body)["kind"], index.size) == (60, "reload", 61)


def test_an_unknown_field_or_a_limit_out_of_bounds_is_refused(tmp_path: Path) -> None:
    with (
        Book.open(tmp_path / "book.sqlite", signer=SIGNER),
        Reader.open(tmp_path / "book.sqlite") as reader,
        SearchIndex(tmp_path / "search") as index,
    ):
        with pytest.raises(BookError, match="got \\['rule'\\], 100"):
            list(index.find(reader, rule="x"))
        with pytest.raises(BookError, match="1 to 10000 records"):
            list(index.find(reader, limit=0))
