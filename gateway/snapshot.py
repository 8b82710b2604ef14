"""The ledger's state as of a place in the book, beside the book: a start replays only what came after it.

    <folder>/ledger.snapshot    HMAC-SHA256 of the rest (32 bytes) ‖ JSON: origin, size, root, ledger

It holds what the first `size` records say, no more: this program makes it as a process that follows the book from the
snapshot before (`gateway.snapshots` starts it), because the ledger in use also knows what is not durable yet. One that
was altered, is of another book, or names a root that the book does not have is left aside and the book replayed whole.
"""

import hmac
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from audit.reader import Reader
from limits.clock import Clock, SystemClock
from limits.ledger import EmbeddedLedger
from limits.seam import LocalLedger

from .optional import book_server
from .restore import restore

log = logging.getLogger("tollhouse.snapshot")

SNAPSHOT_NAME = "ledger.snapshot"
SECRET_BYTES = 32
_MAC_BYTES = 32
_MAC = "sha256"
_NICE = 10


class Snapshot(msgspec.Struct, frozen=True):
    """The ledger as the first `size` records of the book `origin` make it; `root` is theirs, in hex."""

    origin: str
    size: int
    root: str
    ledger: dict[str, Any]


def secret_of(master_key: bytes) -> bytes:
    """Return the secret under which a house's snapshots are made; who writes the folder alone cannot make one."""
    return hmac.digest(master_key, b"tollhouse snapshots of the ledger, version 1", "sha256")


def read(path: Path, secret: bytes, reader: Reader) -> Snapshot | None:
    """Return the snapshot if it is whole, ours and of this very book; None, and why in the log, if it is not."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("%s cannot be read (%s); the whole book is replayed", path, error.strerror)
        return None
    mac, body = content[:_MAC_BYTES], content[_MAC_BYTES:]
    if not hmac.compare_digest(mac, hmac.digest(secret, body, _MAC)):
        log.warning("%s was altered, or made under another master key; the whole book is replayed", path)
        return None
    try:
        snapshot = msgspec.json.decode(body, type=Snapshot)
    except msgspec.DecodeError:
        log.warning("%s is of another version of this program; the whole book is replayed", path)
        return None
    fits = snapshot.origin == reader.origin and snapshot.size <= reader.size
    if not fits or reader.root(snapshot.size).hex() != snapshot.root:
        log.warning("%s is not of this book, or of a longer one; the whole book is replayed", path)
        return None
    return snapshot


def write(path: Path, secret: bytes, snapshot: Snapshot) -> None:
    """Put a snapshot in place of the one before, in one step; after a power cut it may be broken, which `read` sees."""
    body = msgspec.json.encode(snapshot)
    file, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(hmac.digest(secret, body, _MAC) + body)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def restored(make: Callable[[], LocalLedger], path: Path, secret: bytes, reader: Reader) -> tuple[LocalLedger, int]:
    """Return a ledger that holds what the reader's records say, and how many of them a snapshot spared it."""
    ledger = make()
    snapshot = read(path, secret, reader)
    size = 0
    if snapshot is not None:
        try:
            ledger.books.load(snapshot.ledger)
            size = snapshot.size
        except ValueError as other:
            log.warning("%s: %s; the whole book is replayed", path, other)
            ledger = make()
    restore(ledger.books, reader.records(size))
    return ledger, size


def replaying(folder: Path, master_key: bytes, clock: Clock) -> Callable[[Reader], EmbeddedLedger]:
    """Return what makes a ledger of a book's records, from the newest snapshot in a folder on."""
    path, secret = folder / SNAPSHOT_NAME, secret_of(master_key)
    return lambda reader: restored(lambda: LocalLedger(clock), path, secret, reader)[0].books


def main() -> None:
    """Follow the book that is named to its end, write the snapshot beside it, and print its size; the secret comes in.

    `python -m gateway.snapshot BOOK < SECRET`, or `SECRET ‖ ADDRESS` of the server that the book lies on: then only the
    snapshot lies beside BOOK.
    """
    os.nice(_NICE)
    book = Path(sys.argv[1])
    path, secret = book.with_name(SNAPSHOT_NAME), sys.stdin.buffer.read(SECRET_BYTES)
    address = sys.stdin.buffer.read().decode()
    with Reader.open(book_server(address) if address else book) as reader:
        ledger, _ = restored(lambda: LocalLedger(SystemClock()), path, secret, reader)
        ledger.books.forget_runs()
        write(path, secret, Snapshot(reader.origin, reader.size, reader.root().hex(), ledger.books.snapshot()))
        sys.stdout.write(f"{reader.size}\n")


if __name__ == "__main__":
    main()
