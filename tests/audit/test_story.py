"""A run's story: its records put together by call, each with a proof that was checked."""

import sqlite3
from pathlib import Path

import pytest

from audit.book import Book
from audit.checkpoint import from_text
from audit.errors import BookError
from audit.export import Selection, select
from audit.merkle import verify_inclusion
from audit.note import parse
from audit.reader import Reader
from audit.story import Story, tell
from tests.audit.runs import RECORDS, RUN, SIGNER, write_run


def story(path: Path, **options: object) -> Story:
    with Reader.open(path) as reader:
        records = [(index, body) for index, _, body in select(reader, Selection(run=RUN))]
        return tell(reader, RUN, records, **options)  # type: ignore[arg-type]


def test_records_of_a_call_are_one_chapter_and_the_run_is_summed_up(tmp_path: Path) -> None:
    told = story(write_run(tmp_path))
    assert [chapter.indexes for chapter in told.chapters] == [[1], [2, 3], [4], [5], [6], [7], [8], [9], [10]]
    assert [chapter.ended for chapter in told.chapters[:4]] == ["", "answered", "refused", "failed"]
    assert told.summary == [
        "It began on 14 November 2023, 22:13:21 UTC and was last heard of on 14 November 2023, 22:13:30 UTC.",
        "3 requests to gpt-4o-mini; 1 answered, 2 refused or failed.",
        "Tools asked for: None, find_customer, wire. Allowed: 1. Refused or held back: 2.",
        "4 personal or secret values recognised; what became of each is told below.",
        "It cost $0.001234567.",
    ]
    assert (told.tenant, told.policies) == ("acme", ["7d1f0c2b9a"])
    assert told.chapters[1].told[-1].startswith("The words of the request")


def test_each_record_has_a_proof_that_an_outsider_can_check(tmp_path: Path) -> None:
    told = story(write_run(tmp_path))
    signed = from_text(parse(told.checkpoint.encode()).text)
    for proof in told.proofs:
        verify_inclusion(proof.index, signed.size, proof.leaf, proof.hashes, signed.root)
    assert told.proven == len(RECORDS)


def test_kept_texts_are_shown_to_whoever_may_read_them(tmp_path: Path) -> None:
    told = story(write_run(tmp_path, said=b"hello"), payload=lambda index: "hello" if index == 3 else None)
    assert told.chapters[1].texts == ["hello"]
    assert not any("were not kept" in each for chapter in told.chapters for each in chapter.told)


def test_what_is_not_yet_signed_is_said_and_what_is_not_what_was_signed_is_refused(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    with Book.open(path, signer=SIGNER) as book:
        book.append_now({"kind": "intent", "run": RUN, "call": "late"}, tenant="acme")
        assert story(path).proven == len(RECORDS)
    (tmp_path / "new").mkdir()
    new = tmp_path / "new" / "book.sqlite"
    with Book.open(new, signer=SIGNER) as book:
        book.append_now({"kind": "approval", "run": RUN}, tenant=None)
        unsigned = story(new)
        assert (unsigned.checkpoint, unsigned.proven, unsigned.tenant, unsigned.policies) == ("", 0, None, [])
    with sqlite3.connect(path) as db:
        db.execute("UPDATE book_leaf SET body = CAST(replace(CAST(body AS TEXT), 'wire', 'bank') AS BLOB)")
    db.close()
    with pytest.raises(BookError, match="record 3 is not the one that was signed"):
        story(path)


def test_a_run_that_is_not_in_the_book_is_said(tmp_path: Path) -> None:
    with Reader.open(write_run(tmp_path)) as reader, pytest.raises(BookError, match="no record of a run 'x'"):
        tell(reader, "x", [])
