"""Anchors: what was promised elsewhere cannot be taken back here."""

import shutil
from pathlib import Path

import pytest

from audit.anchor import FileAnchor
from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.errors import BookDamaged
from audit.note import Signer
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
