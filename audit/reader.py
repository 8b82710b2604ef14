"""Reading a book while its owner writes it: read-only, in short transactions, up to a tree size fixed at the start.

A reader never blocks the owner and never sees half a group. What it needs to trust the file is in verify.py.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Self

from . import store
from .merkle import consistency_proof, inclusion_proof, root_at
from .place import Place, place_of
from .tiles import TileNodes


class Reader:
    """An open, read-only view of the first `size` records. For one thread at a time."""

    __slots__ = ("checkpoint", "db", "nodes", "origin", "place", "size")

    def __init__(self, where: Path | Place, *, signed_only: bool = False) -> None:
        """Use `Reader.open`."""
        self.place = place_of(where)
        self.db = self.place.connect(read_only=True)
        self.origin = store.check_meta(self.db, None)
        self.db.execute("BEGIN")
        last = store.last_checkpoint(self.db)
        size = store.tree_size(self.db)
        self.db.execute("COMMIT")
        self.checkpoint = None if last is None else last[1]
        self.size = (last[0] if last else 0) if signed_only else size
        self.nodes = TileNodes(self.size, partial(store.read_tile, self.db))

    @classmethod
    def open(cls, where: Path | Place, *, signed_only: bool = False) -> Self:
        """Open a book, by its file or place; with `signed_only`, see only what its last checkpoint covers.

        Raises BookError if there is no file, BookDamaged if it has another format.
        """
        return cls(where, signed_only=signed_only)

    def rows(self, start: int = 0, end: int | None = None, *, page: int = 1_000) -> Iterator[store.Row]:
        """Yield the stored rows start … end - 1, in order, read in short transactions of `page` rows."""
        return store.leaves(self.db, start, self.size if end is None else min(end, self.size), page=page)

    def records(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield (index, body) of the records start … end - 1."""
        return store.bodies(self.db, start, self.size if end is None else min(end, self.size))

    def root(self, size: int | None = None) -> bytes:
        """Root hash of the first `size` records, from the stored hashes."""
        return root_at(self.size if size is None else size, self.nodes)

    def prove(self, index: int, size: int | None = None) -> list[bytes]:
        """Inclusion proof of a record in the tree of `size` records."""
        return inclusion_proof(index, self.size if size is None else size, self.nodes)

    def prove_consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Consistency proof between two tree sizes."""
        return consistency_proof(old, self.size if new is None else new, self.nodes)

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
