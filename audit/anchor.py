"""Anchors: checkpoints kept where the gateway's own credentials do not reach, so that a rewritten history shows.

An anchor refuses a checkpoint that does not extend the last one it has: a fork is found when it is made. A file anchor
appends each new checkpoint to a file (best on another machine's append-only share), one signed note after another;
bucket.py has objects that nobody can delete. What lies after the last anchored checkpoint is the exposure; its age is
the lag.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from .checkpoint import Checkpoint, open_checkpoint
from .cosignature import cosigned_at
from .errors import BookDamaged, ProofRefused
from .merkle import verify_consistency
from .note import Verifier
from .reader import Reader

_BETWEEN = b"\n\x00\n"
"""Between two notes; a note cannot contain it, because control characters are refused."""

_TAIL_BYTES = 64 << 10


class Anchor(ABC):
    """Checkpoints of one log, cosigned ones too, in an order that only grows. `name` is the place, for people."""

    name: str
    _origin: str
    _verifiers: Sequence[Verifier]

    @abstractmethod
    def notes(self) -> list[bytes]:
        """Return all anchored notes as they stand, oldest first."""

    @abstractmethod
    def last(self) -> Checkpoint | None:
        """Return the newest anchored checkpoint, without reading all."""

    @abstractmethod
    def keep(self, note: bytes) -> None:
        """Add a note, durable before return."""

    def checkpoints(self) -> list[Checkpoint]:
        """Return all anchored checkpoints, oldest first; raise NoteRefused if one is not signed by a known key."""
        return [open_checkpoint(each, self._origin, self._verifiers) for each in self.notes()]

    def cosigned(self, witness: Verifier) -> tuple[Checkpoint, int] | None:
        """Return the newest checkpoint that a witness cosigned, and when (seconds since 1970 UTC).

        Raises NoteRefused if one of its cosignatures does not hold.
        """
        found = None
        for note in self.notes():
            at_s = cosigned_at(note, [witness]).get(witness.name)
            if at_s is not None:
                found = open_checkpoint(note, self._origin, self._verifiers), at_s
        return found

    def add(self, reader: Reader) -> Checkpoint | None:
        """Anchor the book's last checkpoint, durable before return; return it, or None if it is anchored already.

        Raises BookDamaged if the book does not extend what is anchored: its history was rewritten or cut.
        """
        new = self.check(reader)
        if new is None or reader.checkpoint is None:
            return None
        self.keep(reader.checkpoint)
        return new

    def check(self, reader: Reader) -> Checkpoint | None:
        """Return the book's last checkpoint if it extends what is anchored; None if it is anchored already.

        Raises BookDamaged if the book does not extend what is anchored.
        """
        old = self.last()
        if reader.checkpoint is None:
            if old is not None:
                raise BookDamaged(f"{self.name} anchors {old.size} records, the book has no checkpoint at all")
            return None
        new = open_checkpoint(reader.checkpoint, self._origin, self._verifiers)
        if old == new:
            return None
        if old is not None:
            try:
                proof = reader.prove_consistency(old.size, new.size)
                verify_consistency(old.size, new.size, old.root, new.root, proof)
            except ProofRefused as error:
                raise BookDamaged(f"the book does not extend what {self.name} anchors: {error}") from error
        return new


class FileAnchor(Anchor):
    """An append-only file."""

    def __init__(self, path: Path, origin: str, verifiers: Sequence[Verifier]) -> None:
        self.name = str(path)
        self._path = path
        self._origin = origin
        self._verifiers = verifiers

    def notes(self) -> list[bytes]:
        """Return all anchored notes as they stand, oldest first."""
        return [each for each in self._path.read_bytes().split(_BETWEEN) if each] if self._path.exists() else []

    def last(self) -> Checkpoint | None:
        """Return the newest anchored checkpoint; reads only the file's end."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            notes = [each for each in file.read().split(_BETWEEN) if each]
        return open_checkpoint(notes[-1], self._origin, self._verifiers) if notes else None

    def keep(self, note: bytes) -> None:
        """Append a note, durable before return."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(file, note + _BETWEEN)
            os.fsync(file)
        finally:
            os.close(file)
