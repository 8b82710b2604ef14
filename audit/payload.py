r"""Payloads: what was said, kept encrypted beside the log and only committed to in it.

    in the leaf      "payload": {"bytes": n, "commitment": hex(SHA-256("tollhouse.payload/v1\n" ‖ salt ‖ content))}
    beside the log   nonce ‖ AES-256-GCM(key of the subject or tenant, salt ‖ content, bound to the commitment)

The salt (32 random bytes) lies with the content and dies with it: after shredding, the commitment cannot be guessed at.
The log's hashes never cover the content itself, so the tree verifies for ever.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import BookDamaged, RecordRefused
from .master import NONCE_BYTES

PAYLOAD_BYTES_MAX = 16_000_000
SALT_BYTES = 32
_DOMAIN = b"tollhouse.payload/v1\n"


@dataclass(frozen=True, slots=True)
class Payload:
    """Content to keep with a record, and whose it is: a subject that the caller declared, else the tenant's."""

    content: bytes
    subject: str | None = None


def commit(salt: bytes, content: bytes) -> str:
    """Return the commitment to a content, in hex."""
    return sha256(_DOMAIN + salt + content).hexdigest()


def seal(key: bytes, content: bytes) -> tuple[str, bytes]:
    """Return the commitment and the sealed bytes; raise RecordRefused if the content is too large."""
    if len(content) > PAYLOAD_BYTES_MAX:
        raise RecordRefused(f"a payload has {len(content)} bytes, at most {PAYLOAD_BYTES_MAX} are kept")
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    commitment = commit(salt, content)
    return commitment, nonce + AESGCM(key).encrypt(nonce, salt + content, commitment.encode())


def unseal(key: bytes, sealed: bytes, commitment: str) -> bytes:
    """Return the content; raise BookDamaged if the bytes were altered or belong to another record."""
    try:
        opened = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], commitment.encode())
    except InvalidTag as error:
        raise BookDamaged("the payload was altered, or is another record's") from error
    salt, content = opened[:SALT_BYTES], opened[SALT_BYTES:]
    if commit(salt, content) != commitment:
        raise BookDamaged("the payload is not what its record commits to")
    return content
