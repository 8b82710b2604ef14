"""C2SP tlog-witness, without the HTTP: remembers of each log the last tree it saw, and cosigns only what extends it.

    old <size that the witness is believed to have>
    <base64 hash>                                       consistency proof, 63 lines at most
                                                        (an empty line)
    <checkpoint, signed by the log>

Promise: a cosignature is returned only after the tree it vouches for is durable, and never for two trees that
contradict each other, also across restarts. See https://c2sp.org/tlog-witness.
"""

import base64
import binascii
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from .checkpoint import Checkpoint, from_text, open_checkpoint, parse_size
from .cosignature import Cosigner
from .errors import BookError, NoteRefused, ProofRefused
from .merkle import HASH_BYTES, verify_consistency
from .note import Note, Signature, Verifier, parse, parse_line, verify
from .reader import Reader

REQUEST_BYTES_MAX = 64 << 10
PROOF_LINES_MAX = 63


class LogUnknown(BookError):
    """The witness was not told of this log."""


class TreeConflict(BookError):
    """The request does not start where the witness stands; `size` is where that is."""

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


@dataclass(frozen=True, slots=True)
class Addition:
    """A request: the old size, the proof from there, and the signed checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def encode(self) -> bytes:
        """Return the request's bytes."""
        lines = [f"old {self.old}", *(base64.b64encode(each).decode() for each in self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note


def read_addition(request: bytes) -> Addition:
    """Read a request strictly; raise NoteRefused if it is malformed."""
    if len(request) > REQUEST_BYTES_MAX:
        raise NoteRefused(f"a request has {len(request)} bytes, at most {REQUEST_BYTES_MAX} are read")
    head, empty, note = request.partition(b"\n\n")
    try:
        first, *hashes = head.decode("ascii").split("\n")
        proof = tuple(base64.b64decode(each, validate=True) for each in hashes)
    except (UnicodeDecodeError, binascii.Error) as error:
        raise NoteRefused("a request has an `old` line, then hashes in base64, then an empty line") from error
    if not empty or not first.startswith("old ") or len(proof) > PROOF_LINES_MAX:
        raise NoteRefused(f"a request starts with `old SIZE`, at most {PROOF_LINES_MAX} hashes and an empty line")
    if any(len(each) != HASH_BYTES for each in proof):
        raise NoteRefused(f"each hash of a proof has {HASH_BYTES} bytes")
    return Addition(parse_size(first.removeprefix("old ")), proof, note)


def addition(reader: Reader, old: int) -> Addition:
    """Return the request that takes a witness from `old` records to the book's last checkpoint.

    Raises BookError if there is no checkpoint yet, ProofRefused if the witness has seen more than the book has.
    """
    if reader.checkpoint is None:
        raise BookError("the book has no signed checkpoint yet")
    size = from_text(parse(reader.checkpoint).text).size
    return Addition(old, tuple(reader.prove_consistency(old, size)), reader.checkpoint)


def accept(note: bytes, answer: bytes, witness: Verifier) -> bytes:
    """Return the checkpoint with the witness's cosignature from its answer; NoteRefused if there is none that holds."""
    lines = answer[:REQUEST_BYTES_MAX].decode(errors="replace").splitlines()
    for line in lines:
        signature = parse_line(line)
        if (signature.name, signature.key_id) == (witness.name, witness.key_id):
            cosigned = note + signature.line().encode()
            verify(cosigned, [witness])
            return cosigned
    raise NoteRefused(f"the answer has no cosignature of {witness.name} ({witness.key_id.hex()})")


class Witness:
    """One witness's memory, a file for each log in `folder`. Safe from any thread; one process owns a folder."""

    def __init__(self, folder: Path, cosigner: Cosigner, logs: Sequence[Verifier]) -> None:
        """Take the keys of the logs that are witnessed; a log's origin is its key's name."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._cosigner = cosigner
        self._logs: dict[str, list[Verifier]] = {}
        for each in logs:
            self._logs.setdefault(each.name, []).append(each)
        self._one_by_one = threading.Lock()

    def add(self, request: bytes) -> Signature:
        """Cosign a checkpoint that extends what was seen.

        Raises LogUnknown, NoteRefused (malformed; or `NotSigned`), TreeConflict, ProofRefused.
        """
        asked = read_addition(request)
        new = self._open(asked.note)
        if asked.old > new.size:
            raise NoteRefused(f"the old size {asked.old} is above the checkpoint's, {new.size}")
        with self._one_by_one:
            last = self.last(new.origin)
            size = 0 if last is None else last.size
            if asked.old != size:
                raise TreeConflict(f"the witness stands at {size}, the request starts at {asked.old}", size)
            if last is not None and new.size == size and new.root != last.root:
                raise TreeConflict(f"another tree of {size} records was cosigned before", size)
            if size == 0 and asked.proof:
                raise ProofRefused("a proof from an empty tree has no hashes")
            if last is not None:
                verify_consistency(size, new.size, last.root, new.root, asked.proof)
            signature = self._cosigner.cosign(new.text())
            _keep(self._path(new.origin), self._note(asked.note, signature))
        return signature

    def last(self, origin: str) -> Checkpoint | None:
        """Return the last tree that was cosigned of this log."""
        note = self.note(origin)
        return None if note is None else open_checkpoint(note, origin, self._logs[origin])

    def note(self, origin: str) -> bytes | None:
        """Return the last cosigned checkpoint of this log: what an auditor asks the witness for."""
        path = self._path(origin)
        return path.read_bytes() if origin in self._logs and path.exists() else None

    def _open(self, note: bytes) -> Checkpoint:
        origin = from_text(parse(note).text).origin
        if origin not in self._logs:
            raise LogUnknown(f"the log {origin!r} is not witnessed here")
        try:
            return open_checkpoint(note, origin, self._logs[origin])
        except NoteRefused as error:
            raise NotSigned(str(error)) from error

    def _note(self, note: bytes, signature: Signature) -> bytes:
        """Return the note with the log's own signatures and the witness's: nobody else's fill it up."""
        parsed = parse(note)
        ours = {(log.name, log.key_id) for logs in self._logs.values() for log in logs}
        own = [each for each in parsed.signatures if (each.name, each.key_id) in ours]
        return Note(parsed.text, (*own, signature)).encode()

    def _path(self, origin: str) -> Path:
        return self._folder / sha256(origin.encode()).hexdigest()


class NotSigned(NoteRefused):
    """No trusted key of the log signed the checkpoint."""


def _keep(path: Path, content: bytes) -> None:
    """Replace a file durably: whoever reads it after a crash finds the old content or the new one."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
