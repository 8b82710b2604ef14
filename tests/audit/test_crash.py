"""Killed at any moment, the book has every record that it acknowledged, and verifies.

TOLLHOUSE_CRASHES sets how often (default 12; `make endure` kills 200 times).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import BookError
from audit.note import Signer
from audit.reader import Reader
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
CRASHES = int(os.environ.get("TOLLHOUSE_CRASHES", "12"))
RELEASE_CRASHES = 200
CHILD = Path(__file__).with_name("crash_child.py")


def crash(folder: Path, after_s: float) -> list[tuple[int, str, str]]:
    """Let a child write, kill it without warning, and return what it had been promised."""
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHILD.parents[2])},
    ) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        timer = threading.Timer(after_s, child.send_signal, (signal.SIGKILL,))
        timer.start()
        rest = child.stdout.read()
        timer.join()
    whole = [line.decode().split(" ") for line in (first + rest).splitlines(keepends=True) if line.endswith(b"\n")]
    return [(int(index), leaf, name.strip()) for index, leaf, name in whole]


def test_no_acknowledged_record_is_lost_however_often_the_writer_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(6)
    promised: list[tuple[int, str, str]] = []
    for _ in range(CRASHES):
        promised += crash(tmp_path, dice.uniform(0.0, 0.15))
        with Reader.open(tmp_path / "book.sqlite") as reader:
            found = {row[0]: bytes(row[1]).hex() for row in reader.rows()}
            paid = {row[0] for row in reader.db.execute("SELECT n FROM paid")}
        assert [each for each in promised if found.get(each[0]) != each[1]] == []
        assert {name for _, _, name in promised} <= paid
        assert len(paid) == len(found) - repairs(tmp_path)
        told = verify_book(tmp_path / "book.sqlite", [SIGNER.verifier])
        assert {each.kind for each in told.problems} <= {"unsigned"}, told.sentences()
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "admin"}, tenant=None)
    verdict = verify_book(tmp_path / "book.sqlite", [SIGNER.verifier])
    assert (verdict.sentences(), verdict.signed_size) == (verdict.sentences(), verdict.size)
    assert verdict.ok, verdict.sentences()
    assert len(promised) > CRASHES
    if CRASHES >= RELEASE_CRASHES:
        with capsys.disabled():
            sys.stdout.write(f"\n{CRASHES} kills, {len(promised):,} records acknowledged, 0 lost\n")


def repairs(folder: Path) -> int:
    """Count the records that tell of a book found unclosed."""
    with Reader.open(folder / "book.sqlite") as reader:
        return sum(row[4] == "repair" for row in reader.rows())


def test_every_opening_after_a_crash_is_a_record_and_a_clean_one_is_not(tmp_path: Path) -> None:
    crash(tmp_path, 0.01)
    for _ in range(2):
        with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
            book.append_now({"kind": "admin"}, tenant=None)
    assert repairs(tmp_path) == 1


def test_a_write_ahead_log_torn_at_any_place_leaves_an_intact_prefix(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    crash(source, 0.02)
    wal = (source / "book.sqlite-wal").read_bytes()
    dice = random.Random(7)
    cuts = sorted({0, 1, 31, 32, 33, len(wal) - 1, *(dice.randrange(len(wal)) for _ in range(25))})
    before = -1
    for cut in cuts:
        folder = tmp_path / str(cut)
        folder.mkdir()
        shutil.copy(source / "book.sqlite", folder)
        (folder / "book.sqlite-wal").write_bytes(wal[:cut])
        try:
            book = Book.open(folder / "book.sqlite", signer=SIGNER)
        except BookError as error:
            pytest.fail(f"cut at {cut}: {error}")
        with book:
            size = book.append_now({"kind": "admin"}, tenant=None).index
        assert verify_book(folder / "book.sqlite", [SIGNER.verifier]).ok
        assert size >= before - 1
        before = size
        shutil.rmtree(folder)
