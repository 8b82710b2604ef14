"""C2SP tlog-cosignature, Ed25519: a witness's word that it saw this tree, and only this one, grow up to here.

    message     cosignature/v1 ⏎ time <seconds since 1970> ⏎ <text of the checkpoint>
    signature   timestamp, 8 bytes big-endian ‖ Ed25519 signature of the message      key type 0x04

See https://c2sp.org/tlog-cosignature. The lines stand in the checkpoint's note beside the log's own.
"""

import base64
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import KeyMissing, NoteRefused
from .keys import PREFIX, read_secret, write_secret
from .note import COSIGNATURE, Signature, Verifier, parse

_TIME_BYTES = 8
_SIGNATURE_BYTES = _TIME_BYTES + 64


def utc_now_s() -> int:
    """Wall-clock time in seconds since 1970 UTC."""
    return int(time.time())


class CosignatureVerifier(Verifier):
    """A witness's public key and name."""

    __slots__ = ()
    kind = COSIGNATURE

    def holds(self, text: str, signature: bytes) -> bool:
        """Tell whether this is the witness's cosignature of a checkpoint's text."""
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            self._key.verify(signature[_TIME_BYTES:], _message(text, _time_of(signature)))
        except InvalidSignature:
            return False
        return True


class Cosigner:
    """A witness's private key. Use a key for nothing else: the message does not name the witness."""

    __slots__ = ("_key", "_now_s", "verifier")

    def __init__(self, name: str, seed: bytes, now_s: Callable[[], int] = utc_now_s) -> None:
        """Take a key name, a 32-byte Ed25519 seed and a clock."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._now_s = now_s
        self.verifier = CosignatureVerifier(name, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def cosign(self, text: str) -> Signature:
        """Return this witness's signature of a checkpoint's text, as of now."""
        now_s = self._now_s()
        signed = now_s.to_bytes(_TIME_BYTES) + self._key.sign(_message(text, now_s))
        return Signature(self.verifier.name, self.verifier.key_id, signed)


def create_cosigner(path: Path, name: str, seed: bytes) -> Cosigner:
    """Write a witness's key to a new file (0600, durable) and its public text beside it; KeyMissing if it exists."""
    cosigner = Cosigner(name, seed)
    verifier = cosigner.verifier
    secret = base64.b64encode(COSIGNATURE + seed).decode()
    write_secret(path, f"{PREFIX}{name}+{verifier.key_id.hex()}+{secret}\n".encode())
    path.with_name(path.name + ".pub").write_text(verifier.vkey() + "\n")
    return cosigner


def load_cosigner(path: Path) -> Cosigner:
    """Read a witness's key file; raise KeyMissing if it is absent, readable by others, or malformed."""
    text = read_secret(path).decode(errors="replace").strip()
    try:
        name, claimed, encoded = text.removeprefix(PREFIX).split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        cosigner = Cosigner(name, raw[1:])
    except (ValueError, NoteRefused) as error:
        raise KeyMissing(f"{path} is no witness's key of the form {PREFIX}name+id+base64") from error
    if raw[:1] != COSIGNATURE or cosigner.verifier.key_id.hex() != claimed:
        raise KeyMissing(f"{path}: the key's id is {cosigner.verifier.key_id.hex()}, its text says {claimed}")
    return cosigner


def cosigned_at(note: bytes, witnesses: Iterable[Verifier]) -> dict[str, int]:
    """Return when each of the known witnesses cosigned a note (seconds since 1970 UTC), by their names.

    Raises NoteRefused if the note is malformed or a known witness's signature does not hold.
    """
    parsed = parse(note)
    known = {(each.name, each.key_id): each for each in witnesses}
    found: dict[str, int] = {}
    for each in parsed.signatures:
        witness = known.get((each.name, each.key_id))
        if witness is None:
            continue
        if not witness.holds(parsed.text, each.signature):
            raise NoteRefused(f"the cosignature of {each.name} ({each.key_id.hex()}) does not hold for this checkpoint")
        found[each.name] = _time_of(each.signature)
    return found


def _time_of(signature: bytes) -> int:
    return int.from_bytes(signature[:_TIME_BYTES])


def _message(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
