"""A tenant's signed head: "at this tree size, this tenant has so many records".

    tollhouse.head/v1        never an origin, so a head can never be read as a checkpoint
    <origin>
    <tenant>
    <tseq>                   the tenant's last record number; numbers start at 1 and have no gaps
    <tree size>
    <base64 root>

It is the text of a signed note by the log's key. Whoever holds one tenant's records sees with it that none is missing
at the end, without seeing anybody else's.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from .checkpoint import Checkpoint, from_text, parse_size
from .errors import NoteRefused
from .note import Note, Signer, Verifier, verify

_KIND = "tollhouse.head/v1"
_LINES = 6


@dataclass(frozen=True, slots=True)
class Head:
    """Origin, tenant, its last tseq, and the tree (size, root) in which that holds."""

    origin: str
    tenant: str
    tseq: int
    size: int
    root: bytes

    def sign(self, signer: Signer) -> Note:
        """Return the head as a signed note; raise NoteRefused if a name would break its lines."""
        root = base64.b64encode(self.root).decode()
        text = f"{_KIND}\n{self.origin}\n{self.tenant}\n{self.tseq}\n{self.size}\n{root}\n"
        _from_text(text)
        return signer.sign(text)


def open_head(note: bytes, origin: str, verifiers: Iterable[Verifier]) -> Head:
    """Verify a note and read the head of this origin from it; raise NoteRefused otherwise."""
    head = _from_text(verify(note, verifiers).text)
    if head.origin != origin:
        raise NoteRefused(f"the head is of {head.origin!r}, expected {origin!r}")
    return head


def _from_text(text: str) -> Head:
    lines = text.split("\n")
    if len(lines) != _LINES + 1 or lines[0] != _KIND or not lines[2]:
        raise NoteRefused(f"a tenant's head has {_LINES} lines and starts with {_KIND}")
    tree: Checkpoint = from_text(f"{lines[1]}\n{lines[4]}\n{lines[5]}\n")
    return Head(tree.origin, lines[2], parse_size(lines[3]), tree.size, tree.root)
