"""The book: durable before acknowledged, in order, together with its state changes or not at all."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from audit.append import BookLimits
from audit.book import Book
from audit.errors import BookUnavailable
from audit.merkle import leaf_hash
from audit.verify import verify_book
from tests.audit.opening import SIGNER, open_book, record


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path) as opened:
        yield opened


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


def test_threads_without_a_loop_append_and_change_and_wait(book: Book) -> None:
    threads = [threading.Thread(target=book.append_now, args=(record(),), kwargs={"tenant": "a"}) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    book.change_now([("INSERT INTO thing VALUES('z', 1)", ())])
    assert (book.size, book.query("SELECT name FROM thing")) == (8, [("z",)])


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


def test_a_reopened_book_goes_on_where_it_ended(tmp_path: Path) -> None:
    for start in range(0, 900, 300):
        with open_book(tmp_path) as book:
            for each in range(300):
                assert book.append_now(record(), tenant="a").tseq == start + each + 1
    verdict = verify_book(tmp_path / "book.sqlite", [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.signed_size, verdict.tenants) == (True, 900, 900, {"a": 900})
