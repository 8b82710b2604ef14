"""Where a book lies, and what is asked of the database there: a file of one owner, or a server that several share.

    File      SQLite: one process owns the folder (lock.py) and writes; any number read
    Server    PostgreSQL (postgres.py): any number of processes write, one transaction at a time

The book's SQL is written once, as SQLite spells it. On a shared log a transaction begins by taking its turn: it waits
for the row that holds the log's tip, and everything that others committed is visible from there on.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from . import store
from .database import Database
from .errors import BookError
from .lock import FolderLock


class Tip(NamedTuple):
    """The end of a shared log: its size, root and last time (µs UTC), the size last signed and seconds since then.

    `generation` is the least that an append may name (`Book.fence`).
    """

    size: int
    root: bytes
    at_us: int
    signed_size: int
    signed_age_s: float
    generation: int


class Place(Protocol):
    """Where a book lies. `errors` is what its connections raise; `shared` tells whether several processes write."""

    errors: type[Exception]
    shared: bool

    def own(self) -> FolderLock | None:
        """Take what keeps other owners away, if anything must. Raises FolderLocked."""
        ...

    def connect(self, *, read_only: bool = False) -> Database:
        """Open a connection whose commits are durable. Raises `errors`, BookError if nothing can be there."""
        ...

    def prepare(self, db: Database, origin: str, schema: Sequence[str]) -> None:
        """Make the tables that are missing; raise BookDamaged if they are of another log or a newer format."""
        ...

    def begin(self, db: Database) -> Tip | None:
        """Begin to write. On a shared log, return its tip: nobody else writes until the transaction ends."""
        ...

    def commit(self, db: Database, tip: Tip, /) -> None:
        """Move the tip and commit, durably."""
        ...

    def recover(self, db: Database) -> None:
        """Let what is committed be what is on the disk, on a fresh connection after a failure. Raises `errors`."""
        ...

    def write_through(self, db: Database) -> None:
        """Let no deleted bytes lie beside the tables; raise `errors` if somebody is in the way."""
        ...


class File:
    """A SQLite file in a folder of one owner."""

    errors: type[Exception] = sqlite3.Error
    shared = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def own(self) -> FolderLock:
        """Lock the folder."""
        return FolderLock(self.path.parent)

    def connect(self, *, read_only: bool = False) -> Database:
        """Open the file; reading, raise BookError if there is none."""
        if read_only and not self.path.is_file():
            raise BookError(f"{self.path} does not exist")
        return store.connect(self.path, read_only=read_only)

    def prepare(self, db: Database, origin: str, schema: Sequence[str]) -> None:
        """Make the tables that are missing."""
        db.execute("BEGIN IMMEDIATE")
        store.make_tables(db, origin, schema)
        db.execute("COMMIT")
        store.check_meta(db, origin)

    def begin(self, db: Database) -> None:
        """Begin; the folder's lock keeps others away."""
        db.execute("BEGIN IMMEDIATE")

    def commit(self, db: Database, _: Tip, /) -> None:
        """Commit, with one fsync; where the log ends is said by its leaves and checkpoints themselves."""
        db.execute("COMMIT")

    def recover(self, db: Database) -> None:
        """Write the log through: pages of a failed fsync may be gone although they still read well."""
        store.write_through(db)

    def write_through(self, db: Database) -> None:
        """Empty the write-ahead log into the file."""
        store.write_through(db)


def place_of(where: Path | Place) -> Place:
    """Return the place that a path names; a place is one already."""
    return File(where) if isinstance(where, Path) else where
