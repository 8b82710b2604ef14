"""The log's signing key: one file, 0600, in the text form of golang.org/x/mod/sumdb/note.

    PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64(0x01 ‖ 32-byte seed)>

Whoever reads this file can sign another history; only an anchor outside its reach shows that. Next to it lies the
public text (`<file>.pub`), which auditors need: a line for each key that ever signed, the newest first.

    <file> ──next_signing_key──▶ <file>.next ──signs the book──▶ take_over ──▶ <file>, a line more in <file>.pub
"""

import base64
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from .errors import KeyMissing, NoteRefused
from .note import ED25519, Signer, Verifier

PREFIX = "PRIVATE+KEY+"
_SEED_BYTES = 32
_MODE = 0o600
KEYS_MAX = 64


def create_signing_key(path: Path, name: str) -> Signer:
    """Make a new key, write it (0600, durable) and its public text beside it; raise KeyMissing if the file exists."""
    seed = secrets.token_bytes(_SEED_BYTES)
    signer = Signer(name, seed)
    text = f"{PREFIX}{name}+{signer.verifier.key_id.hex()}+{base64.b64encode(ED25519 + seed).decode()}\n"
    write_secret(path, text.encode())
    _public(path).write_text(signer.verifier.vkey() + "\n")
    return signer


def load_signing_key(path: Path) -> Signer:
    """Read a key file; raise KeyMissing if it is absent, readable by others, or malformed."""
    public = _public(path)
    return _signer(path, load_verifiers(public) if public.exists() else [])


def _signer(path: Path, known: Iterable[Verifier]) -> Signer:
    """Read a key file; of the `known` keys those of its name are earlier ones."""
    text = read_secret(path).decode(errors="replace").strip()
    try:
        name, claimed, encoded = text.removeprefix(PREFIX).split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        own = Signer(name, raw[1:]).verifier
    except (ValueError, NoteRefused) as error:
        raise KeyMissing(f"{path} is no signing key of the form {PREFIX}name+id+base64") from error
    if raw[:1] != ED25519 or own.key_id.hex() != claimed:
        raise KeyMissing(f"{path}: the key's id is {own.key_id.hex()}, its text says {claimed}")
    return Signer(name, raw[1:], [each for each in known if each.name == name and each.key_id != own.key_id])


def load_verifiers(path: Path) -> list[Verifier]:
    """Read the public keys of a file, a line each, the newest first; they have one name."""
    try:
        lines = path.read_text().split()
    except OSError as error:
        raise KeyMissing(f"{path} cannot be read: {error.strerror}") from error
    if not 0 < len(lines) <= KEYS_MAX:
        raise KeyMissing(f"{path} has {len(lines)} public keys, 1 to {KEYS_MAX} are read")
    found = [Verifier.from_vkey(line) for line in lines]
    if len({each.name for each in found}) > 1:
        raise KeyMissing(f"{path} has keys of several names; a log has one")
    return found


def load_verifier(path: Path) -> Verifier:
    """Read the newest public key of a file."""
    return load_verifiers(path)[0]


def next_signing_key(path: Path) -> Signer:
    """Return the key that shall follow the one in a file: made now, or left by a change of keys that was cut short."""
    now, coming = load_signing_key(path), path.with_name(path.name + ".next")
    if not coming.exists():
        create_signing_key(coming, now.name)
    return _signer(coming, now.verifiers)


def take_over(path: Path, signer: Signer) -> None:
    """Let the key that follows (`next_signing_key`) take the place of the one in a file; durable before return."""
    coming, public = path.with_name(path.name + ".next"), _public(path)
    beside = _public(coming)
    beside.write_text("".join(f"{each.vkey()}\n" for each in signer.verifiers))
    beside.replace(public)  # with both keys in it either may stand in the file when this is cut short
    coming.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _public(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


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
