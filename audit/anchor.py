"""Anchors: checkpoints kept where the gateway's own credentials do not reach, so that a rewritten history shows.

A file anchor appends each new checkpoint to a file (best on another machine's append-only share), one signed note
after another. It refuses a checkpoint that does not extend the last one it has: a fork is found when it is made. What
lies after the last anchored checkpoint is the exposure; its age is the lag.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .checkpoint import Checkpoint, open_checkpoint
from .errors import BookDamaged, ProofRefused
from .merkle import verify_consistency
from .note import Verifier
from .reader import Reader

_BETWEEN = b"\n\x00\n"
"""Between two notes; a note cannot contain it, because control characters are refused."""


class FileAnchor:
    """An append-only file of checkpoints of one log."""

    __slots__ = ("_origin", "_path", "_verifiers")

    def __init__(self, path: Path, origin: str, verifiers: Sequence[Verifier]) -> None:
        self._path = path
        self._origin = origin
        self._verifiers = verifiers

    def checkpoints(self) -> list[Checkpoint]:
        """Return all anchored checkpoints, oldest first; raise NoteRefused if one is not signed by a known key."""
        if not self._path.exists():
            return []
        notes: Iterable[bytes] = self._path.read_bytes().split(_BETWEEN)
        return [open_checkpoint(each, self._origin, self._verifiers) for each in notes if each]

    def last(self) -> Checkpoint | None:
        """Return the newest anchored checkpoint."""
        known = self.checkpoints()
        return known[-1] if known else None

    def add(self, reader: Reader) -> Checkpoint | None:
        """Anchor the book's last checkpoint, durable before return; return it, or None if it is anchored already.

        Raises BookDamaged if the book does not extend what is anchored: its history was rewritten or cut.
        """
        if reader.checkpoint is None:
            return None
        new = open_checkpoint(reader.checkpoint, self._origin, self._verifiers)
        old = self.last()
        if old == new:
            return None
        if old is not None:
            try:
                proof = reader.prove_consistency(old.size, new.size)
                verify_consistency(old.size, new.size, old.root, new.root, proof)
            except ProofRefused as error:
                raise BookDamaged(f"the book does not extend what {self._path} anchors: {error}") from error
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(file, reader.checkpoint + _BETWEEN)
            os.fsync(file)
        finally:
            os.close(file)
        return new
