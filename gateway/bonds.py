"""Ids that an upstream mints, bound to the tenant and key that got them: nobody else can go on from them.

A row is written in the transaction of the call's outcome, before the client has the whole reply; so an id that a client
holds is bound, also after a crash. A row names no id, only its HMAC with tenant and key. What it weighs is known from
the call that made it: whoever goes on from it is billed for at most that much more input.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from limits.clock import Clock

from .papers import Key

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
KEPT_S = 30 * 86_400  # as long as providers keep a response


@dataclass(frozen=True, slots=True)
class Bond:
    """Where an object lies (`upstream/model`), and how many tokens it has, input and output."""

    target: str
    tokens: int


class Bonds:
    """The bonds of all keys, in `state`. `secret` is 32 bytes."""

    def __init__(self, query: Query, clock: Clock, secret: bytes) -> None:
        self._query = query
        self._clock = clock
        self._secret = hmac.digest(secret, b"ids of providers, bound", "sha256")

    def find(self, key: Key, minted: str) -> Bond | None:
        """Return what an id is bound to, None if it is not this key's or is too old."""
        rows = self._query(
            "SELECT target, tokens FROM state_bond WHERE name = ? AND expires_us > ?",
            (self._name(key, minted), self._clock.utc_us()),
        )
        return Bond(*rows[0]) if rows else None

    def bind(self, key: Key, minted: str, bond: Bond) -> list[Statement]:
        """Return the statements that bind an id; they also forget what is too old."""
        now_us = self._clock.utc_us()
        row = (self._name(key, minted), bond.target, bond.tokens, now_us + KEPT_S * 1_000_000)
        return [
            ("DELETE FROM state_bond WHERE expires_us <= ?", (now_us,)),
            ("INSERT OR REPLACE INTO state_bond(name, target, tokens, expires_us) VALUES(?, ?, ?, ?)", row),
        ]

    def _name(self, key: Key, minted: str) -> bytes:
        said = f"{key.tenant.id}\0{key.id}\0{minted}".encode("utf-8", "replace")
        return hmac.digest(self._secret, said, "sha256")
