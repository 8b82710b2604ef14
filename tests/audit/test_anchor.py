"""Anchors: what was promised elsewhere cannot be taken back here."""

import shutil
from pathlib import Path

import pytest

from audit.anchor import FileAnchor
from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.cosignature import Cosigner
from audit.errors import BookDamaged, NoteRefused
from audit.note import Note, Signer
from audit.reader import Reader
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)


def write(path: Path, count: int) -> None:
    with Book.open(path, signer=SIGNER) as book:
        for each in range(count):
            book.append_now({"kind": "intent", "call": f"c{each}"}, tenant="a")


def test_each_new_checkpoint_is_anchored_once_and_vouches_for_its_prefix(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    for _ in range(3):
        write(path, 5)
        with Reader.open(path) as reader:
            added = anchor.add(reader)
            assert added is not None
            assert anchor.add(reader) is None
    assert [each.size for each in anchor.checkpoints()] == [5, 10, 15]
    assert verify_book(path, [SIGNER.verifier], anchors=anchor.checkpoints()).ok


def test_a_book_without_a_checkpoint_has_nothing_to_anchor(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER), Reader.open(tmp_path / "book.sqlite") as reader:
        assert anchor.add(reader) is None
    assert anchor.last() is None


@pytest.mark.parametrize("more", [1, 9])
def test_a_restored_backup_that_goes_its_own_way_is_refused_as_a_fork(tmp_path: Path, more: int) -> None:
    path = tmp_path / "book.sqlite"
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    write(path, 5)
    shutil.copy(path, tmp_path / "backup")
    write(path, 5)
    with Reader.open(path) as reader:
        anchor.add(reader)
    shutil.copy(tmp_path / "backup", path)
    write(path, more)
    with Reader.open(path) as reader, pytest.raises(BookDamaged, match="does not extend"):
        anchor.add(reader)
    assert not verify_book(path, [SIGNER.verifier], anchors=anchor.checkpoints()).ok


def test_a_book_that_lost_its_checkpoints_is_refused_against_an_anchor_that_has_one(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    write(path, 5)
    with Reader.open(path) as reader:
        anchor.add(reader)
    path.unlink()
    with (
        Book.open(path, signer=SIGNER),
        Reader.open(path) as reader,
        pytest.raises(BookDamaged, match="anchors 5 records"),
    ):
        anchor.check(reader)


def test_the_last_anchored_checkpoint_is_found_without_reading_a_long_file(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    (tmp_path / "anchor").touch()
    assert anchor.last() is None
    for size in range(1, 400):
        anchor.keep(Checkpoint("example.com/log", size, bytes(32)).sign(SIGNER).encode())
    assert (tmp_path / "anchor").stat().st_size > 64 << 10
    last = anchor.last()
    assert last is not None
    assert (last.size, len(anchor.notes())) == (399, 399)


def test_the_newest_checkpoint_that_a_witness_saw_is_found_among_all_and_a_forged_one_refuses(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor", "example.com/log", [SIGNER.verifier])
    clock = iter((100, 200, 300))
    witness = Cosigner("witness.example.com/w1", b"w" * 32, lambda: next(clock))
    assert anchor.cosigned(witness.verifier) is None
    notes = [Checkpoint("example.com/log", size, bytes(32)).sign(SIGNER) for size in (1, 2, 3)]
    for note in notes[:2]:
        anchor.keep(Note(note.text, (*note.signatures, witness.cosign(note.text))).encode())
    anchor.keep(notes[2].encode())
    found = anchor.cosigned(witness.verifier)
    assert found is not None
    assert (found[0].size, found[1]) == (2, 200)
    assert anchor.cosigned(Cosigner("witness.example.com/w2", b"o" * 32).verifier) is None
    anchor.keep(Note(notes[2].text, (*notes[2].signatures, witness.cosign(notes[0].text))).encode())
    with pytest.raises(NoteRefused, match="does not hold for this checkpoint"):
        anchor.cosigned(witness.verifier)
