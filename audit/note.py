"""C2SP signed-note: a text and the signatures of its keys (https://c2sp.org/signed-note).

    <text, ends in newline>
    <empty line>
    — <key name> <base64(key id, 4 bytes ‖ signature)>        one line a signature, 16 at most here

    key id = SHA-256(key name ‖ 0x0A ‖ 0x01 ‖ 32-byte Ed25519 public key)[:4]

The parser is strict and bounded: what it accepts, every other implementation reads in the same way. Signatures of
unknown keys are ignored (that is how witnesses and rotated keys live together); a known key's signature must hold.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import NoteRefused

NOTE_BYTES_MAX = 1_000_000
SIGNATURES_MAX = 16
ED25519 = b"\x01"
COSIGNATURE = b"\x04"
_PUBLIC_BYTES = 32
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who claims to have signed, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line as it stands in a note, newline included."""
        return f"\u2014 {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note. Its text means nothing until a known key has verified it."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return (self.text + "\n" + "".join(each.line() for each in self.signatures)).encode()


def check_name(name: str) -> str:
    """Return a key name if it is allowed: not empty, no space of any kind, no control character, no plus sign."""
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise NoteRefused(f"{name!r} is no key name: it must not be empty or contain spaces or a plus sign")
    return name


def key_id(name: str, public: bytes, kind: bytes = ED25519) -> bytes:
    """Return the four bytes by which signatures of this key are recognised."""
    return sha256(name.encode() + b"\n" + kind + public).digest()[:_ID_BYTES]


class Verifier:
    """A public key and its name. Immutable, usable from any thread. `kind` is the type byte of its key id and text."""

    __slots__ = ("_key", "key_id", "name", "public")
    kind = ED25519

    def __init__(self, name: str, public: bytes) -> None:
        """Take a key name and a 32-byte Ed25519 public key."""
        if len(public) != _PUBLIC_BYTES:
            raise NoteRefused(f"an Ed25519 public key has {_PUBLIC_BYTES} bytes, got {len(public)}")
        self.name = check_name(name)
        self.public = public
        self.key_id = key_id(name, public, self.kind)
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def holds(self, text: str, signature: bytes) -> bool:
        """Tell whether the signature is this key's for this text."""
        try:
            self._key.verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def vkey(self) -> str:
        """Return the key's text as golang.org/x/mod/sumdb/note reads it: name+id+base64(type ‖ key)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"

    @classmethod
    def from_vkey(cls, text: str) -> Self:
        """Read a key's text; raise NoteRefused if it is malformed or its id does not match."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, id, key
            raise NoteRefused("a verifier key has the form name+id+base64")
        name, claimed, encoded = parts
        raw = _unbase64(encoded, "a verifier key")
        if raw[:1] != cls.kind:
            raise NoteRefused(f"the key of {name!r} has type {raw[:1].hex()!r}, {cls.kind.hex()} is needed here")
        verifier = cls(name, raw[1:])
        if verifier.key_id.hex() != claimed:
            raise NoteRefused(f"the key of {name!r} has id {verifier.key_id.hex()}, its text says {claimed}")
        return verifier


class Signer:
    """A private key and its name. Signing costs about 40 µs. Immutable, usable from any thread.

    `verifiers` are its own public key and those of the keys that signed before it, newest first.
    """

    __slots__ = ("_key", "verifier", "verifiers")

    def __init__(self, name: str, seed: bytes, earlier: Iterable[Verifier] = ()) -> None:
        """Take a key name, a 32-byte Ed25519 seed, and what verifies what earlier keys of that name signed."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.verifiers = (self.verifier, *earlier)

    @property
    def name(self) -> str:
        """The key's name."""
        return self.verifier.name

    def sign(self, text: str) -> Note:
        """Return the text as a note with this key's signature."""
        _check_text(text)
        signature = Signature(self.name, self.verifier.key_id, self._key.sign(text.encode()))
        return Note(text, (signature,))


def parse(note: bytes) -> Note:
    """Read a note strictly; raise NoteRefused for anything the format does not allow. Verifies nothing."""
    if len(note) > NOTE_BYTES_MAX:
        raise NoteRefused(f"a note has {len(note)} bytes, at most {NOTE_BYTES_MAX} are read")
    try:
        decoded = note.decode()
    except UnicodeDecodeError as error:
        raise NoteRefused("a note must be UTF-8") from error
    head, separator, tail = decoded.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise NoteRefused("a note has a text, an empty line, and signature lines that end in a newline")
    text = head + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteRefused(f"a note has {len(lines)} signatures, at most {SIGNATURES_MAX} are read")
    return Note(text, tuple(parse_line(line) for line in lines))


def verify(note: bytes, verifiers: Iterable[Verifier], *, signed_by: int = 1) -> Note:
    """Return the note if at least `signed_by` of the known keys signed it.

    A known key's broken signature refuses the whole note; signatures of unknown keys are ignored.
    """
    parsed = parse(note)
    known = {(each.name, each.key_id): each for each in verifiers}
    held: set[tuple[str, bytes]] = set()
    for each in parsed.signatures:
        verifier = known.get((each.name, each.key_id))
        if verifier is None:
            continue
        if not verifier.holds(parsed.text, each.signature):
            raise NoteRefused(f"the signature of {each.name} ({each.key_id.hex()}) does not hold for this text")
        held.add((each.name, each.key_id))
    if len(held) < signed_by:
        names = ", ".join(sorted({each.name for each in parsed.signatures}))
        raise NoteRefused(f"{len(held)} of the known keys signed this note, {signed_by} must; it names {names}")
    return parsed


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteRefused("a note's text must end in a newline")
    if any(each < " " and each != "\n" for each in text):
        raise NoteRefused("a note must not contain control characters other than newlines")


def parse_line(line: str) -> Signature:
    """Read one signature line, without its newline; raise NoteRefused if it is none."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\u2014":  # noqa: PLR2004 - dash, name, signature
        raise NoteRefused(f"{line[:80]!r} is no signature line")
    raw = _unbase64(parts[2], "a signature")
    if len(raw) <= _ID_BYTES:
        raise NoteRefused(f"a signature has {len(raw)} bytes, more than {_ID_BYTES} are needed")
    return Signature(check_name(parts[1]), raw[:_ID_BYTES], raw[_ID_BYTES:])


def _unbase64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused(f"{what} is not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise NoteRefused(f"{what} is base64 with stray bits")
    return raw
