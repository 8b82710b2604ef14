"""Verifying a whole book: what is wrong is named with its place, whether it is found in a tile or in a record."""

import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.checkpoint import Checkpoint
from audit.errors import BookError
from audit.heads import Head
from audit.merkle import leaf_hash, root_of
from audit.note import Signer
from audit.tiles import TILE_WIDTH
from audit.verdict import Verdict
from audit.verify import Walk, verify_book
from tests.audit.forging import EDIT, SIGNER, SIZE, kinds, rewrite, rewrite_text, run, verify, write_book


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_book(tmp_path_factory.mktemp("written"))


@pytest.fixture
def path(written: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "book.sqlite"
    path.write_bytes(written)
    return path


def test_the_untouched_book_verifies(path: Path) -> None:
    verdict = verify(path)
    assert verdict.ok
    assert (verdict.size, verdict.signed_size) == (SIZE, SIZE)
    assert verdict.sentences() == ["example.com/log: 700 records verified, 2 checkpoints hold, 2 tenants complete"]


def test_an_edited_record_is_named(path: Path) -> None:
    run(path, EDIT)
    verdict = verify(path)
    assert verdict.altered() == [123]
    assert "NOT what was written" in verdict.sentences()[0]
    assert "record 123 was altered" in verdict.sentences()[1]


def test_an_edited_record_with_its_hash_made_to_fit_is_named_by_its_tile(path: Path) -> None:
    run(path, EDIT)
    db = sqlite3.connect(path, isolation_level=None)
    (body,) = db.execute("SELECT body FROM book_leaf WHERE idx = 123").fetchone()
    db.execute("UPDATE book_leaf SET hash = ? WHERE idx = 123", (leaf_hash(body.encode()),))
    db.close()
    assert verify(path).altered() == [123]


def test_an_edit_with_every_hash_made_to_fit_is_found_between_two_checkpoints(path: Path) -> None:
    run(path, EDIT)
    rewrite_text(path)
    rewrite(path)
    [problem, *_] = [each for each in verify(path).problems if each.kind == "root"]
    assert "between 0 and 349" in problem.sentence


def test_a_tenants_dropped_tail_shows_against_its_signed_head(path: Path) -> None:
    """The attacker cuts the whole log and the checkpoints back, but has no older head of the tenant."""
    run(path, "DELETE FROM book_leaf WHERE idx >= 350", "DELETE FROM book_checkpoint WHERE size > 350")
    verdict = verify(path)
    assert "tenant" in kinds(verdict)
    assert "tenant a had 350 records among 700, only 350 are here" in verdict.sentences()


def test_a_head_that_claims_another_number_is_found(path: Path) -> None:
    root = verify(path).root
    note = Head("example.com/log", "a", 351, SIZE, root).sign(SIGNER).encode()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE book_head SET tseq = 351, note = ? WHERE tenant = 'a'", (note,))
    db.close()
    assert "tenant a has 350 records in the first 700, 351 were signed" in verify(path).sentences()


def test_a_clock_that_went_back_and_many_contradictions_are_told_within_bounds(path: Path) -> None:
    run(path, "UPDATE book_leaf SET hash = zeroblob(32)")
    verdict = verify(path)
    assert len(verdict.problems) == 100
    assert verdict.sentences()[-1] == f"… and {verdict.problem_count - 100} more"


def test_a_book_that_is_not_there_is_refused_and_one_of_an_unknown_key_is_unsigned(path: Path) -> None:
    with pytest.raises(BookError, match="does not exist"):
        verify_book(path.with_name("other"), [SIGNER.verifier])
    verdict = verify_book(path, [Signer("example.com/log", b"x" * 32).verifier])
    assert {each.kind for each in verdict.problems} == {"signature", "unsigned"}
    assert "none of the 700 records is under a checkpoint of a known key" in verdict.sentences()


Row = tuple[int, bytes, bytes, int, str, str | None, int | None, str | None]


def row(index: int, *, tenant: str | None = "a", at_us: int | None = None, **fields: Any) -> Row:
    """Make a stored row that holds, of a book in which each record is a microsecond later than the one before."""
    at_us = index if at_us is None else at_us
    tseq = fields.pop("tseq", index + 1)
    record = {"at": at_us, "kind": "intent", "run": "r", **fields}
    if tenant is None:
        tseq = None
    else:
        record |= {"tenant": tenant, "tseq": tseq}
    body = orjson.dumps(record)
    return index, leaf_hash(body), body, at_us, "intent", tenant, tseq, "r"


def walk(rows: list[Row], *checkpoints: Checkpoint) -> Verdict:
    """Walk rows tile by tile, and one by one, and return the verdict on which both agree."""
    by_tile, by_leaf = (Walk(Verdict("example.com/log"), checkpoints) for _ in range(2))
    for at in range(0, len(rows), TILE_WIDTH):
        by_tile.tile(rows[at : at + TILE_WIDTH])
    for each in rows:
        by_leaf.leaf((each[0], each[1], each[2], each[3:]))
    by_tile.finish()
    by_leaf.finish()
    assert by_tile.verdict == by_leaf.verdict
    return by_tile.verdict


TILE = [row(index) for index in range(TILE_WIDTH)]


def test_a_whole_tile_is_walked_to_the_same_root_tenants_and_time_as_its_records() -> None:
    verdict = walk([*TILE, row(TILE_WIDTH)])
    assert (verdict.ok, verdict.size, verdict.tenants) == (True, 257, {"a": 257})
    assert verdict.root == root_of([each[1] for each in [*TILE, row(TILE_WIDTH)]])


@pytest.mark.parametrize(
    ("wrong", "kind", "sentence"),
    [
        (row(7, at_us=5), "time", "record 7 was written at 5 µs, the one before at 6"),
        (row(7, tseq=9), "tseq", "record 7 is number 9 of tenant a, expected 8"),
        (row(7, tseq="9"), "tseq", "record 7 is number 9 of tenant a, expected 8"),
        ((*row(7)[:4], "outcome", *row(7)[5:]), "columns", "filed under other columns"),
        ((7, leaf_hash(b"[]"), b"[]", *row(7)[3:]), "format", "record 7 is no record"),
        ((7, leaf_hash(b"{"), b"{", *row(7)[3:]), "format", "record 7 is no record"),
        ((7, leaf_hash(b'{"at":"x","kind":"k"}'), b'{"at":"x","kind":"k"}', *row(7)[3:]), "format", "is no record"),
        ((7, bytes(32), *row(7)[2:]), "altered", sha256(b"\x00" + row(7)[2]).hexdigest()),
        ((8, *row(7)[1:]), "missing", "record 7 is missing: the next one found is 8"),
    ],
)
def test_one_wrong_record_in_a_tile_is_named_as_it_would_be_alone(wrong: Row, kind: str, sentence: str) -> None:
    verdict = walk([*TILE[:7], wrong, *TILE[8:]])
    found = [each for each in verdict.problems if each.kind == kind]
    assert found, verdict.sentences()
    assert sentence in found[0].sentence


def test_records_of_nobody_have_no_number_and_of_many_tenants_their_own_each() -> None:
    rows = [row(index, tenant=None if index % 3 == 2 else "ab"[index % 3], tseq=index // 3 + 1) for index in range(256)]
    verdict = walk(rows)
    assert (verdict.ok, verdict.tenants) == (True, {"a": 86, "b": 85})


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 300])
def test_a_checkpoint_is_compared_at_exactly_its_size_also_inside_a_tile(size: int) -> None:
    rows = [row(index) for index in range(300)]
    true = Checkpoint("example.com/log", size, root_of([each[1] for each in rows[:size]]))
    later = Checkpoint("example.com/log", 300, root_of([each[1] for each in rows]))
    assert walk_signed(rows, true, later).ok
    verdict = walk_signed(rows, Checkpoint("example.com/log", size, b"f" * 32), later)
    [problem] = verdict.problems
    assert (problem.kind, f"the first {size} records have root" in problem.sentence) == ("root", True)


def walk_signed(rows: list[Row], *checkpoints: Checkpoint) -> Verdict:
    """Walk with checkpoints given in any order, the one over nothing compared before the first record."""
    walk = Walk(Verdict("example.com/log"), checkpoints[::-1])
    walk.compare()
    for at in range(0, len(rows), TILE_WIDTH):
        walk.tile(rows[at : at + TILE_WIDTH])
    walk.finish()
    return walk.verdict


def test_what_was_signed_beyond_the_last_record_is_told_when_the_walk_ends() -> None:
    heads = [Head("example.com/log", "a", 5, 3, bytes(32)), Head("example.com/log", "b", 1, 9, bytes(32))]
    walk = Walk(Verdict("example.com/log"), [Checkpoint("example.com/log", 8, bytes(32))], heads)
    for index in range(4):
        walk.leaf((*row(index)[:3], None))
    walk.finish()
    assert [each.sentence for each in walk.verdict.problems] == [
        "tenant a has 3 records in the first 3, 5 were signed",
        "a checkpoint was signed over 8 records, only 4 are here",
        "tenant b had 1 records among 9, only 4 are here",
    ]
