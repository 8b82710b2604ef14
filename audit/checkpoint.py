"""C2SP tlog-checkpoint: the signed statement "this log has so many leaves and this root" (https://c2sp.org/tlog-checkpoint).

    <origin>                      who: a unique name, here a URL without scheme
    <tree size>                   decimal, no leading zero
    <base64 of the root hash>     RFC 6962 root at that size
    [<extension line>]…           opaque; we write none

It is the text of a signed note (note.py); the log's key is named like the origin.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import NoteRefused
from .merkle import HASH_BYTES
from .note import Note, Signer, Verifier, verify

SIZE_MAX = 2**63 - 1
_LINES_MIN = 3
_DIGITS_MAX = len(str(SIZE_MAX))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: origin, number of leaves, root hash (32 bytes), extension lines without newlines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the note text; raise NoteRefused if it would be read back as something else."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions]
        text = "".join(line + "\n" for line in lines)
        if from_text(text) != self:
            raise NoteRefused("this checkpoint's text would be read as a different one")
        return text

    def sign(self, signer: Signer) -> Note:
        """Return the checkpoint as a signed note."""
        return signer.sign(self.text())


def from_text(text: str) -> Checkpoint:
    """Read a checkpoint's text strictly; raise NoteRefused if it is malformed."""
    lines = text.split("\n")
    if lines[-1] != "" or len(lines) <= _LINES_MIN or not all(lines[:-1]):
        raise NoteRefused("a checkpoint has at least three lines, none of them empty, each ending in a newline")
    origin, size, encoded, *extensions = lines[:-1]
    number = parse_size(size)
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("a checkpoint's root is not base64") from error
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != encoded:
        raise NoteRefused(f"a checkpoint's root must be {HASH_BYTES} bytes in plain base64, got {encoded[:60]!r}")
    return Checkpoint(origin, number, root, tuple(extensions))


def parse_size(text: str) -> int:
    """Read a decimal number without sign or leading zero, at most 2^63 - 1."""
    if not text.isascii() or not text.isdigit() or len(text) > _DIGITS_MAX or (text[0] == "0" and text != "0"):
        raise NoteRefused(f"{text[:40]!r} is no tree size: decimal digits without a leading zero")
    number = int(text)
    if number > SIZE_MAX:
        raise NoteRefused(f"a tree size of {number} is above {SIZE_MAX}")
    return number


def open_checkpoint(note: bytes, origin: str, verifiers: Iterable[Verifier], *, signed_by: int = 1) -> Checkpoint:
    """Verify a note and read the checkpoint of this origin from it; raise NoteRefused otherwise."""
    read = from_text(verify(note, verifiers, signed_by=signed_by).text)
    if read.origin != origin:
        raise NoteRefused(f"the checkpoint is of {read.origin!r}, expected {origin!r}")
    return read
