"""A start from a snapshot knows what a start from the whole book knows; a snapshot that does not fit is left aside."""

import logging
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from audit.book import Book
from audit.note import Signer
from audit.reader import Reader
from gateway.snapshot import SNAPSHOT_NAME, Snapshot, read, restored, write
from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import Entry, HoldEntry, to_dict
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.seam import LocalLedger
from limits.standing import Charge

SIGNER = Signer("example.com/log", b"s" * 32)
SECRET = b"k" * 32
SCOPES = ("run:r", "tenant:t")


class Spender:
    """Grows a book as calls do: holds, some of them settled, steps of a run, a cap now and then."""

    def __init__(self, folder: Path, seed: int = 1, origin: str = "example.com/log") -> None:
        self.path = folder / "book.sqlite"
        self.snapshot = folder / SNAPSHOT_NAME
        self._origin = origin
        self._chance = random.Random(seed)
        self._clock = ManualClock()
        self._ledger = EmbeddedLedger(self._clock)
        self._number = 0

    def grow(self, calls: int) -> None:
        ledger = self._ledger
        with Book.open(self.path, signer=SIGNER, origin=self._origin) as book:
            if not self._number:
                opened = ledger.open_run("r", RunLimits(steps=10_000), 2**60)
                self._write(book, opened, ledger.set_caps("tenant:t", [Cap("nano_usd", 10**9)]))
            for _ in range(calls):
                self._number += 1
                self._clock.turn(1)
                hold = ledger.hold(Order(f"h{self._number}", SCOPES, self._chance.randint(1, 99), 5, 5, 2**60))
                assert isinstance(hold, HoldEntry)
                self._write(book, hold, ledger.count("r", "steps"))
                if self._chance.random() < 0.7:
                    settled = ledger.settle(hold.id, Charge(self._chance.randint(0, hold.nano), 3, 2))
                    self._write(book, settled)
                    assert settled is not None
                    ledger.apply(settled)

    def _write(self, book: Book, *entries: Any) -> None:
        made: list[Entry] = [entry for entry in entries if entry is not None]
        book.append_now({"kind": "ledger", "ledger": [to_dict(entry) for entry in made]}, tenant="t")

    def take_down(self) -> None:
        with Reader.open(self.path) as reader:
            ledger, _ = self.start()
            write(
                self.snapshot,
                SECRET,
                Snapshot(reader.origin, reader.size, reader.root().hex(), ledger.books.snapshot()),
            )

    def start(self, secret: bytes = SECRET) -> tuple[LocalLedger, int]:
        with Reader.open(self.path) as reader:
            return restored(lambda: LocalLedger(self._clock), self.snapshot, secret, reader)


@pytest.mark.parametrize("seed", range(5))
def test_a_snapshot_and_what_came_after_it_are_the_whole_book(tmp_path: Path, seed: int) -> None:
    spender = Spender(tmp_path, seed)
    spender.grow(30)
    spender.take_down()
    spender.grow(20)
    spender.take_down()
    spender.grow(10)
    ledger, spared = spender.start()
    assert spared > 50
    spender.snapshot.unlink()
    whole, none = spender.start()
    assert none == 0
    assert ledger.books.snapshot() == whole.books.snapshot()
    assert ledger.books.balances("tenant:t") == whole.books.balances("tenant:t")


def broken(spender: Spender, tmp_path: Path) -> dict[str, Any]:
    """Return what can be wrong with a snapshot, by name: its new content."""
    content = spender.snapshot.read_bytes()
    with Reader.open(spender.path) as reader:
        right = read(spender.snapshot, SECRET, reader)
    assert right is not None

    def sealed(snapshot: Any) -> bytes:
        path = tmp_path / "made"
        write(path, SECRET, snapshot)
        return path.read_bytes()

    return {
        "altered": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        "cut": content[:40],
        "empty": b"",
        "of another book": sealed(msgspec.structs.replace(right, origin="example.com/other")),
        "of a longer book": sealed(msgspec.structs.replace(right, size=right.size + 1)),
        "of a forked book": sealed(msgspec.structs.replace(right, root="00" * 32)),
        "of a later version": sealed(msgspec.structs.replace(right, ledger={**right.ledger, "v": 99})),
        "of another form": sealed({"v": 2}),
    }


@pytest.mark.parametrize(
    "what",
    [
        *("altered", "cut", "empty", "of another book", "of a longer book", "of a forked book", "of a later version"),
        "of another form",
    ],
)
def test_a_snapshot_that_does_not_fit_is_left_aside_and_said_so(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    spender = Spender(tmp_path)
    spender.grow(10)
    spender.take_down()
    expected, _ = spender.start()
    spender.snapshot.write_bytes(broken(spender, tmp_path)[what])
    with caplog.at_level(logging.WARNING):
        ledger, spared = spender.start()
    assert spared == 0
    assert "the whole book is replayed" in caplog.text
    assert ledger.books.snapshot() == expected.books.snapshot()


def test_a_snapshot_under_another_master_key_or_that_cannot_be_read_is_left_aside(tmp_path: Path) -> None:
    spender = Spender(tmp_path)
    spender.grow(5)
    spender.take_down()
    assert spender.start(b"o" * 32)[1] == 0
    spender.snapshot.unlink()
    spender.snapshot.mkdir()
    assert spender.start()[1] == 0


def test_a_snapshot_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / SNAPSHOT_NAME / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / SNAPSHOT_NAME, SECRET, Snapshot("o", 0, "", {}))
    assert [path.name for path in tmp_path.iterdir()] == [SNAPSHOT_NAME]
