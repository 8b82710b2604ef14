"""Searching: newest first, caught up by itself, and never able to invent a record."""

import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.append import BookLimits
from audit.book import Book
from audit.errors import BookError
from audit.note import Signer
from audit.reader import Reader
from audit.search import BLOCK, SearchIndex
from tests.audit.writing import write

SIGNER = Signer("example.com/log", b"s" * 32)


def call(each: int) -> dict[str, Any]:
    return {
        "kind": "outcome",
        "run": f"r{each // 10}",
        "model": "m",
        "key": f"k{each % 2}",
        "call": f"c{each}",
        "for": "ab"[each % 2],
        "tools": [{"name": f"tool{each % 3}", "decision": "refused" if each % 4 == 0 else "authorised"}, {}],
        "decisions": [{"stage": "guard", "decision": "blocked", "rule": "card"}] if each % 7 == 0 else [],
        "status": {"http": 400, "code": "content_blocked"} if each % 7 == 0 else {"http": 200},
    }


def found(path: Path, index: SearchIndex, **asked: Any) -> list[int]:
    with Reader.open(path) as reader:
        return [each for each, _ in index.find(reader, **asked)]


def test_records_are_found_by_field_and_time_and_new_ones_at_the_next_question(tmp_path: Path) -> None:
    clock = iter(range(1_000, 1_000_000, 10))
    path, limits = tmp_path / "book.sqlite", BookLimits(group_max=1)
    with (
        Book.open(path, signer=SIGNER, now_us=lambda: next(clock), limits=limits) as book,
        SearchIndex(tmp_path / "search") as index,
    ):
        write(book, map(call, range(60)))
        assert found(path, index, run="r2", tenant="a") == [28, 26, 24, 22, 20]
        assert found(path, index, from_us=1_010, until_us=1_030) == [2, 1]
        assert found(path, index, limit=3) == [59, 58, 57]
        assert found(path, index, model="other") == []
        assert found(path, index, tool="tool1", decision="refused", key="k0", until_us=1_300) == [28, 16, 4]
        assert found(path, index, rule="card", code="content_blocked") == [56, 49, 42, 35, 28, 21, 14, 7, 0]
        assert found(path, index, call="c7") == [7]
        book.append_now({"kind": "outcome", "tool": {"name": "look", "touches": ["crm"]}}, tenant="b")
        assert found(path, index, tool="look") == [60]
        odd: list[Any] = [{"name": 5, "rule": "odd"}, "x"]
        book.append_now({"kind": "reload", "model": {"not": "text"}, "tools": odd, "decisions": 7}, tenant=None)
        with Reader.open(path) as reader:
            [(number, body)] = index.find(reader, kind="reload", rule="odd")
            assert (number, orjson.loads(body)["kind"], index.size) == (61, "reload", 62)
            assert index.catch_up(reader) == 0


def test_blocks_are_filled_up_and_crossed(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    numbers = iter(range(10 * BLOCK))
    with Book.open(path, signer=SIGNER) as book, SearchIndex(tmp_path / "search") as index:
        for size in (BLOCK - 1, 3, BLOCK):
            write(book, ({"kind": "intent", "run": f"r{next(numbers) % 1_000}"} for _ in range(size)))
            with Reader.open(path) as reader:
                assert index.catch_up(reader) == size
        assert found(path, index, run="r5") == [8_005, 7_005, 6_005, 5_005, 4_005, 3_005, 2_005, 1_005, 5]
        assert found(path, index, run="r5", limit=2) == [8_005, 7_005]
        assert len(found(path, index, kind="intent", limit=10_000)) == 2 * BLOCK + 2


def test_an_index_of_another_book_or_form_is_built_anew_and_a_wrong_one_invents_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with Book.open(tmp_path / name / "book.sqlite", signer=Signer(f"example.com/{name}", b"s" * 32)) as book:
            write(book, ({"kind": "intent", "run": f"{name}{each}"} for each in range(9 if name == "one" else 5)))
    with sqlite3.connect(tmp_path / "search") as db:
        db.execute("CREATE TABLE entry(x)")
    db.close()
    with SearchIndex(tmp_path / "search") as index:
        assert found(tmp_path / "one" / "book.sqlite", index, run="one3") == [3]
        assert found(tmp_path / "two" / "book.sqlite", index, run="one3") == []
        assert (index.size, found(tmp_path / "two" / "book.sqlite", index, run="two4")) == (5, [4])
    assert (tmp_path / "search").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "search") as db:
        db.execute("UPDATE posting SET offsets = x'0100'")
    db.close()
    with SearchIndex(tmp_path / "search") as index:
        assert found(tmp_path / "two" / "book.sqlite", index, run="two4") == []


def test_an_unknown_field_or_a_limit_out_of_bounds_is_refused(tmp_path: Path) -> None:
    with (
        Book.open(tmp_path / "book.sqlite", signer=SIGNER),
        Reader.open(tmp_path / "book.sqlite") as reader,
        SearchIndex(tmp_path / "search") as index,
    ):
        with pytest.raises(BookError, match="got \\['colour'\\], 100"):
            list(index.find(reader, colour="x"))
        with pytest.raises(BookError, match="1 to 10000 records"):
            list(index.find(reader, limit=0))


def test_a_record_that_names_a_tool_twice_is_found_once(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    with Book.open(path, signer=SIGNER) as book, SearchIndex(tmp_path / "search") as index:
        tools = [{"name": "mail"}, {"name": "mail"}, {"name": "wire"}]
        write(book, [{"kind": "outcome", "tools": tools}, {"kind": "outcome"}, {"kind": "outcome", "tools": tools}])
        assert found(path, index, tool="mail") == [2, 0]
