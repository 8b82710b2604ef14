"""Replies kept for calls that may come again under the same Idempotency-Key: encrypted, in `state`, for a day.

    new ──begin──▶ under way ──outcome durable──▶ kept ──24 h, or too many──▶ forgotten
                      └──refused, failed──▶ new

What a row holds is committed in the transaction of the call's outcome; so what was paid for is there after a crash, and
what is not there was not answered. The index in memory names what is kept, so a key that was never used costs no query.
"""

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from audit.master import MasterKey
from limits.clock import Clock

from .papers import Key
from .state.upsert import upsert

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_PUT = upsert("state_reply", "id, key, call, fingerprint, sealed, degraded, expires_us", "id")
KEPT_S = 86_400
BEGUN = "begun"
"""Stands where `degraded` does: a call with side effects was begun, and no outcome of it was written."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept reply: of which call, as which bytes (None: too many to keep), degraded how."""

    call_id: str
    fingerprint: bytes
    written: bytes | None
    degraded: str | None


class Replies:
    """The kept replies of all keys; of each key the oldest go first. For one event loop."""

    def __init__(
        self, query: Query, clock: Clock, secret: bytes, *, entries_max: int = 10_000, bytes_max: int = 64 << 20
    ) -> None:
        """`secret` is 32 bytes; `entries_max` and `bytes_max` bound what is kept for each key."""
        self._query = query
        self._clock = clock
        self._secret = hmac.digest(secret, b"replies, named", "sha256")
        self._cipher = MasterKey(hmac.digest(secret, b"replies, sealed", "sha256"))
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._under_way: dict[str, bytes] = {}
        self._kept: dict[str, dict[str, tuple[int, int]]] = {}
        self._sizes: dict[str, int] = {}
        for name, key_id, size, expires_us in query(
            "SELECT id, key, length(sealed), expires_us FROM state_reply ORDER BY expires_us", ()
        ):
            self.see(key_id, name, size, expires_us)

    def name(self, key: Key, said: str) -> str:
        """Return the name under which a key's (or run key's) Idempotency-Key is kept; it tells nothing."""
        whose = f"{key.tenant.id}\0{key.id}\0{key.run_id or ''}\0{said}"
        digest = hmac.digest(self._secret, whose.encode("utf-8", "replace"), "sha256")
        return base64.b32encode(digest[:20]).decode().lower()

    def fingerprint(self, said: bytes) -> bytes:
        """Return what tells whether two requests are the same."""
        return hmac.digest(self._secret, said, "sha256")

    def under_way(self, name: str) -> bytes | None:
        """Return the fingerprint of the call that is under way, None if none is."""
        return self._under_way.get(name)

    def begin(self, name: str, fingerprint: bytes) -> None:
        """Note that a call is under way."""
        self._under_way[name] = fingerprint

    def end(self, key_id: str, name: str, kept_bytes: int | None) -> None:
        """Note that it has ended; `kept_bytes` if its reply is durable, None if the key is free again."""
        self._under_way.pop(name, None)
        if kept_bytes is not None:
            self.see(key_id, name, kept_bytes, self._clock.utc_us() + KEPT_S * 1_000_000)

    def find(self, key_id: str, name: str) -> Kept | None:
        """Return the kept reply of a name."""
        known = self._kept.get(key_id, {}).get(name)
        if known is None:
            return None
        if known[0] <= self._clock.utc_us():
            self._forget(key_id, name)
            return None
        rows = self._query("SELECT call, fingerprint, sealed, degraded FROM state_reply WHERE id = ?", (name,))
        if not rows:
            return None
        call_id, fingerprint, sealed, degraded = rows[0]
        written = self._cipher.unwrap(bytes(sealed), _bound(name, fingerprint)) if sealed else None
        return Kept(call_id, bytes(fingerprint), written, degraded)

    def keep(self, key_id: str, name: str, kept: Kept) -> tuple[list[Statement], int]:
        """Return the statements that keep a reply, letting go of the key's oldest for it; and its size in bytes."""
        now = self._clock.utc_us()
        sealed = b"" if kept.written is None else self._cipher.wrap(kept.written, _bound(name, kept.fingerprint))
        row = (name, key_id, kept.call_id, kept.fingerprint, sealed, kept.degraded, now + KEPT_S * 1_000_000)
        statements: list[Statement] = [
            ("DELETE FROM state_reply WHERE expires_us <= ?", (now,)),
            (_PUT, row),
        ]
        held = self._kept.get(key_id, {})
        while held:
            oldest = next(iter(held))
            over = len(held) >= self._entries_max or self._sizes[key_id] + len(sealed) > self._bytes_max
            if not over and held[oldest][0] > now:
                break
            self._forget(key_id, oldest)
            if over:
                statements.append(("DELETE FROM state_reply WHERE id = ?", (oldest,)))
        return statements, len(sealed)

    def begun(self, key_id: str, name: str, call_id: str, fingerprint: bytes) -> Statement:
        """Return the statement that notes, with the call's intent, that it must not be made again."""
        expires_us = self._clock.utc_us() + KEPT_S * 1_000_000
        return (
            _PUT,
            (name, key_id, call_id, fingerprint, b"", BEGUN, expires_us),
        )

    @staticmethod
    def undone(name: str) -> Statement:
        """Return the statement that takes such a note back: nothing was sent."""
        return ("DELETE FROM state_reply WHERE id = ? AND degraded = ?", (name, BEGUN))

    @staticmethod
    def forget(name: str) -> Statement:
        """Return the statement that lets a reply go: it was given, or never will be."""
        return ("DELETE FROM state_reply WHERE id = ?", (name,))

    def see(self, key_id: str, name: str, size: int, expires_us: int) -> None:
        """Take note of a reply that is kept, by whichever process."""
        self._forget(key_id, name)
        self._kept.setdefault(key_id, {})[name] = (expires_us, size)
        self._sizes[key_id] = self._sizes.get(key_id, 0) + size

    def _forget(self, key_id: str, name: str) -> None:
        held = self._kept.get(key_id)
        known = None if held is None else held.pop(name, None)
        if known is not None:
            self._sizes[key_id] -= known[1]


def _bound(name: str, fingerprint: bytes) -> bytes:
    return name.encode() + bytes(fingerprint)
