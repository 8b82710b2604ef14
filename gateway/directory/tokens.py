"""What a key looks like, and how a run's key is made without storing it.

    sk-th-<public id, 12>-<secret, 43>             256 random bits; stored and looked up as SHA-256 of the whole text
    sk-th-run-<run id, 20>-<HMAC-SHA-256, 64 hex>  over tenant, key, run and policy version, with the house's run secret

Both alphabets are URL-safe. A run's key needs no row: the run says what it is bound to, and it ends with the run.
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "sk-th-"
RUN_PREFIX = "sk-th-run-"
RUN_ID_CHARS = 20
TOKEN_CHARS_MAX = 128
_RUN_TOKEN_CHARS = len(RUN_PREFIX) + RUN_ID_CHARS + 1 + 64
_ID_BITS_BYTES = {12: 8, 20: 13}


def mint_key() -> tuple[str, str]:
    """Return a new (public id, whole key)."""
    public = _mint(12)
    return public, f"{PREFIX}{public}-{secrets.token_urlsafe(32)}"


def mint_run_id() -> str:
    """Return a new run's id: `run_` would be said twice, so it is 20 characters of base32, 100 random bits."""
    return _mint(RUN_ID_CHARS)


def digest(token: bytes) -> bytes:
    """Return what is stored of a key, and looked up."""
    return hashlib.sha256(token).digest()


def run_secret(master_key: bytes) -> bytes:
    """Derive the secret of run keys from the master key."""
    return hmac.digest(master_key, b"tollhouse run keys, version 1", "sha256")


def run_token(secret: bytes, tenant_id: str, key_id: str, run_id: str, policy: str) -> str:
    """Return the key of a run; the same for the same five."""
    bound = f"{tenant_id}\n{key_id}\n{run_id}\n{policy}".encode()
    return f"{RUN_PREFIX}{run_id}-{hmac.digest(secret, bound, 'sha256').hex()}"


def run_of_token(token: bytes) -> str | None:
    """Return the run id that a text of a run key's form names; whether it is genuine is not yet known."""
    if len(token) != _RUN_TOKEN_CHARS:
        return None
    return token[len(RUN_PREFIX) : len(RUN_PREFIX) + RUN_ID_CHARS].decode("ascii", "replace")


def _mint(chars: int) -> str:
    return base64.b32encode(secrets.token_bytes(_ID_BITS_BYTES[chars])).decode().lower()[:chars]
