"""The master key: it wraps every other key of the book, and in production it lies elsewhere than the book.

    env/NAME          base64 of 32 bytes in an environment variable
    file/PATH         the same in a file that only its owner can read (0600)
    command/PROGRAM   the same on a program's standard output: a KMS or an HSM's client

Losing it loses every payload (never the log); whoever has it and the file can read every payload that was not shredded.
"""

import base64
import binascii
import hmac
import os
import secrets
import shlex
import subprocess
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import KeyMissing
from .keys import read_secret, write_secret

KEY_BYTES = 32
NONCE_BYTES = 12
_COMMAND_WAIT_S = 30


class MasterKey:
    """A 256-bit AES-GCM key that seals and opens small secrets. Immutable, usable from any thread."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: bytes) -> None:
        """Take the 32 bytes."""
        if len(key) != KEY_BYTES:
            raise KeyMissing(f"a master key has {KEY_BYTES} bytes, got {len(key)}")
        self._cipher = AESGCM(key)
        self._key = key

    @classmethod
    def load(cls, source: str) -> "MasterKey":
        """Read the key from `env/…`, `file/…` or `command/…`; raise KeyMissing if it is not there or malformed."""
        kind, _, place = source.partition("/")
        if kind == "env":
            text = os.environ.get(place, "").encode()
        elif kind == "file":
            text = read_secret(Path(place))
        elif kind == "command":
            text = _ask(place)
        else:
            raise KeyMissing(f"a master key comes from env/NAME, file/PATH or command/PROGRAM, not from {source!r}")
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, KeyMissing) as error:
            raise KeyMissing(f"{source} does not give {KEY_BYTES} bytes in base64") from error

    @classmethod
    def create(cls, path: Path) -> "MasterKey":
        """Make a new key and write it to a file (0600, durable); raise KeyMissing if the file exists."""
        key = secrets.token_bytes(KEY_BYTES)
        write_secret(path, base64.b64encode(key) + b"\n")
        return cls(key)

    def derived(self, purpose: bytes) -> bytes:
        """Return 32 bytes that only this key gives for this purpose, and that give nothing of the key."""
        return hmac.digest(self._key, b"tollhouse derived\n" + purpose, "sha256")

    def wrap(self, secret: bytes, bound_to: bytes) -> bytes:
        """Seal a secret: nonce ‖ ciphertext, valid only together with `bound_to`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """Open what `wrap` made; raise KeyMissing if this is another master key or the bytes were altered."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound_to)
        except InvalidTag as error:
            raise KeyMissing("a wrapped key does not open: another master key, or altered bytes") from error


def _ask(command: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own configuration names the program
            shlex.split(command), capture_output=True, check=True, timeout=_COMMAND_WAIT_S
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise KeyMissing(f"the command for the master key failed: {error}") from error
    return done.stdout
