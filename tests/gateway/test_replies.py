"""Kept replies: sealed, a day long, bounded for each key, and there again after a restart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import KeyMissing
from audit.keys import create_signing_key
from gateway.papers import HOUSE, Key
from gateway.replies import KEPT_S, Kept, Replies
from gateway.state.schema import SCHEMA
from limits.clock import ManualClock
from tests.gateway.stages.exchange import call_for

SECRET = b"s" * 32


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    signer = create_signing_key(tmp_path / "key", "test/replies")
    with Book.open(tmp_path / "book.sqlite", signer=signer, schema=SCHEMA) as opened:
        yield opened


def keep(book: Book, replies: Replies, name: str, written: bytes | None, key: str = "k") -> None:
    statements, size = replies.keep(key, name, Kept("call_1", b"f" * 32, written, None))
    book.change_now(statements)
    replies.end(key, name, size)


def test_a_reply_is_found_by_its_key_and_name_also_by_the_next_process(book: Book) -> None:
    clock = ManualClock()
    replies = Replies(book.query, clock, SECRET)
    assert replies.find("k", "n") is None
    keep(book, replies, "n", b"said")
    for each in (replies, Replies(book.query, clock, SECRET)):
        assert each.find("k", "n") == Kept("call_1", b"f" * 32, b"said", None)
        assert each.find("other", "n") is None


def test_it_is_sealed_and_opens_under_no_other_secret(book: Book) -> None:
    clock = ManualClock()
    keep(book, Replies(book.query, clock, SECRET), "n", b"said")
    ((sealed,),) = book.query("SELECT sealed FROM state_reply")
    assert b"said" not in sealed
    with pytest.raises(KeyMissing):
        Replies(book.query, clock, b"x" * 32).find("k", "n")


def test_one_that_was_too_large_is_remembered_without_its_bytes(book: Book) -> None:
    replies = Replies(book.query, ManualClock(), SECRET)
    keep(book, replies, "n", None)
    assert replies.find("k", "n") == Kept("call_1", b"f" * 32, None, None)


def test_it_is_kept_for_a_day(book: Book) -> None:
    clock = ManualClock()
    replies = Replies(book.query, clock, SECRET)
    keep(book, replies, "n", b"said")
    keep(book, replies, "o", b"said")
    clock.turn(KEPT_S)
    assert replies.find("k", "n") is None
    keep(book, replies, "new", b"said")
    assert [name for (name,) in book.query("SELECT id FROM state_reply")] == ["new"]
    assert replies.find("k", "o") is None


def test_each_key_keeps_its_latest_and_takes_no_room_from_another(book: Book) -> None:
    replies = Replies(book.query, ManualClock(), SECRET, entries_max=2)
    for name in ("a", "b", "c"):
        keep(book, replies, name, b"said")
    keep(book, replies, "d", b"said", key="other")
    assert [replies.find("k", name) is not None for name in ("a", "b", "c")] == [False, True, True]
    assert len(book.query("SELECT id FROM state_reply")) == 3
    small = Replies(book.query, ManualClock(), SECRET, bytes_max=100)
    keep(book, small, "e", b"x" * 60)
    assert small.find("k", "b") is None
    assert small.find("k", "e") is not None


def test_a_row_that_is_gone_is_no_reply(book: Book) -> None:
    replies = Replies(book.query, ManualClock(), SECRET)
    keep(book, replies, "n", b"said")
    book.change_now([("DELETE FROM state_reply", ())])
    assert replies.find("k", "n") is None


def test_a_name_is_one_keys_own_and_a_call_under_way_is_known_by_it(book: Book) -> None:
    replies = Replies(book.query, ManualClock(), SECRET)
    profile = call_for({"model": "m", "messages": [{"role": "user", "content": ""}]}).profile
    key = Key("k", "k", HOUSE, profile)
    names = {replies.name(each, "said") for each in (key, replace(key, id="l"), replace(key, run_id="r"))}
    assert len(names) == 3
    name = replies.name(key, "said")
    assert replies.under_way(name) is None
    replies.begin(name, replies.fingerprint(b"body"))
    assert replies.under_way(name) == replies.fingerprint(b"body")
    replies.end("k", name, None)
    assert replies.under_way(name) is None
    assert replies.find("k", name) is None
