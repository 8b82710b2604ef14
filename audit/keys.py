"""The log's signing key: one file, 0600, in the text form of golang.org/x/mod/sumdb/note.

    PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64(0x01 ‖ 32-byte seed)>

Whoever reads this file can sign another history; only an anchor outside its reach shows that. Next to it lies the
public text (`<file>.pub`), which auditors need.
"""

import base64
import os
import secrets
from pathlib import Path

from .errors import KeyMissing, NoteRefused
from .note import ED25519, Signer, Verifier

PREFIX = "PRIVATE+KEY+"
_SEED_BYTES = 32
_MODE = 0o600


def create_signing_key(path: Path, name: str) -> Signer:
    """Make a new key, write it (0600, durable) and its public text beside it; raise KeyMissing if the file exists."""
    seed = secrets.token_bytes(_SEED_BYTES)
    signer = Signer(name, seed)
    text = f"{PREFIX}{name}+{signer.verifier.key_id.hex()}+{base64.b64encode(ED25519 + seed).decode()}\n"
    write_secret(path, text.encode())
    path.with_name(path.name + ".pub").write_text(signer.verifier.vkey() + "\n")
    return signer


def load_signing_key(path: Path) -> Signer:
    """Read a key file; raise KeyMissing if it is absent, readable by others, or malformed."""
    text = read_secret(path).decode(errors="replace").strip()
    try:
        name, claimed, encoded = text.removeprefix(PREFIX).split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        signer = Signer(name, raw[1:])
    except (ValueError, NoteRefused) as error:
        raise KeyMissing(f"{path} is no signing key of the form {PREFIX}name+id+base64") from error
    if raw[:1] != ED25519 or signer.verifier.key_id.hex() != claimed:
        raise KeyMissing(f"{path}: the key's id is {signer.verifier.key_id.hex()}, its text says {claimed}")
    return signer


def load_verifier(path: Path) -> Verifier:
    """Read a public key's text from a file."""
    try:
        return Verifier.from_vkey(path.read_text())
    except OSError as error:
        raise KeyMissing(f"{path} cannot be read: {error.strerror}") from error


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, durable before return; raise KeyMissing if it exists."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    except FileExistsError as error:
        raise KeyMissing(f"{path} exists and is not overwritten") from error
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def read_secret(path: Path) -> bytes:
    """Read a secret file; raise KeyMissing if it is absent or if others than its owner may read it."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise KeyMissing(f"{path} cannot be read: {error.strerror}") from error
    if mode & 0o077:
        raise KeyMissing(f"{path} can be read by others (mode {mode & 0o777:o}); chmod 600 it")
    return content
