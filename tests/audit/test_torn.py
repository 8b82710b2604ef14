"""A torn tail: the write-ahead log cut at every byte of its last group, and backups that begin to lie."""

import os
import shutil
import stat
from pathlib import Path

from audit.book import Book
from audit.note import Signer
from audit.reader import Reader
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
PAGE_AND_HEAD_BYTES = 4_096 + 24
EACH = int(os.environ.get("TOLLHOUSE_TORN", "97"))
"""Within a page every 97th byte is tried, and all at its edges; `make endure` sets 1."""


def test_a_tail_torn_at_every_byte_leaves_whole_groups_and_a_repair(tmp_path: Path) -> None:
    """SQLite's own check of each frame decides; every cut within the last group gives the group before it."""
    source = tmp_path / "source"
    source.mkdir()
    book = Book.open(source / "book.sqlite", signer=SIGNER)
    sizes = []
    for each in range(4):
        book.append_now({"kind": "intent", "call": f"c{each}"}, tenant="a")
        sizes.append((source / "book.sqlite-wal").stat().st_size)
    whole, wal = (source / "book.sqlite").read_bytes(), (source / "book.sqlite-wal").read_bytes()
    book.close()
    for cut in range(sizes[2] - 1, sizes[3] + 1):
        step = cut - sizes[2]
        if cut < sizes[3] and step % PAGE_AND_HEAD_BYTES not in (0, 1, 8, 23, 24, 25, 4_119) and cut % EACH:
            continue
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / "book.sqlite").write_bytes(whole)
        (folder / "book.sqlite-wal").write_bytes(wal[:cut])
        with Book.open(folder / "book.sqlite", signer=SIGNER) as cut_book:
            kinds = [body for _, body in cut_book.records()]
        complete = 4 if cut >= sizes[3] else 3 if cut >= sizes[2] else 2
        assert sum(b'"intent"' in body for body in kinds) == complete, cut
        assert b'"repair"' in kinds[-1]
        assert verify_book(folder / "book.sqlite", [SIGNER.verifier]).ok
        shutil.rmtree(folder)


def test_the_book_and_its_write_ahead_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "intent"}, tenant="a")
        for name in ("book.sqlite", "book.sqlite-wal", "owner.lock"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_copied_folder_goes_on_as_the_same_log(tmp_path: Path) -> None:
    folder, copy = tmp_path / "folder", tmp_path / "copy"
    folder.mkdir()
    with Book.open(folder / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "intent"}, tenant="a")
        with Reader.open(folder / "book.sqlite") as reader:
            root = reader.root()
    shutil.copytree(folder, copy)
    with Book.open(copy / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "outcome"}, tenant="a")
    with Reader.open(copy / "book.sqlite") as reader:
        assert reader.root(1) == root
    assert verify_book(copy / "book.sqlite", [SIGNER.verifier]).ok
