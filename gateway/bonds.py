"""Ids that an upstream mints, bound to the tenant and key that got them: nobody else can go on from them.

Rows are written in the transaction of the call's outcome, before the client has the whole reply; so an id that a client
holds is bound, also after a crash. A row names no id, only its HMAC with tenant and key. There are two tables:

state_bond   objects that the provider keeps: where they lie, and what they weigh. Whoever goes on from one is billed
             for at most that much more input.
state_trace  ids by which a run is known again: of tool calls, and of those objects. An id that comes back leads to it.
"""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from limits.clock import Clock

from .papers import Key
from .shelf import Shelf
from .state.upsert import upsert

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_PUT_BOND = upsert("state_bond", "name, target, tokens, expires_us", "name")
_PUT_TRACE = upsert("state_trace", "name, run, nano, expires_us", "name")
KEPT_S = 30 * 86_400  # as long as providers keep a response
_TRACES_IN_MEMORY_MAX = 4_096  # as `aliases`: most are never asked for, and the others soon
_BONDS_IN_MEMORY_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Bond:
    """Where an object lies (`upstream/model`), and how many tokens it has, input and output."""

    target: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Trace:
    """The run that an id leads to, until when (µs UTC), and what the call that got the id had cost (nano-dollars)."""

    run: str
    expires_us: int
    nano: int


_NOWHERE = Trace("", 0, 0)


class Bonds:
    """The bonds of all keys, in `state`; traces that were used lately also in memory. `secret` is 32 bytes.

    Unless others share the state, bonds of late are in memory too: the next call may ask while they are being written.
    """

    def __init__(self, query: Query, clock: Clock, secret: bytes, *, shared: bool = False) -> None:
        self._query = query
        self._clock = clock
        self._secret = hmac.digest(secret, b"ids of providers, bound", "sha256")
        self._lately: Shelf[bytes, tuple[Bond, int]] = Shelf(
            entries_max=0 if shared else _BONDS_IN_MEMORY_MAX, bytes_max=0
        )
        self._seen: Shelf[tuple[str, str, str], Trace] = Shelf(entries_max=_TRACES_IN_MEMORY_MAX, bytes_max=0)

    def find(self, key: Key, minted: str) -> Bond | None:
        """Return what an id is bound to, None if it is not this key's or is too old."""
        name, now_us = self._name(key, minted), self._clock.utc_us()
        lately = self._lately.get(name)
        if lately is not None and lately[1] > now_us:
            return lately[0]
        rows = self._query(
            "SELECT target, tokens FROM state_bond WHERE name = ? AND expires_us > ?",
            (name, now_us),
        )
        return Bond(*rows[0]) if rows else None

    def bind(self, key: Key, minted: str, bond: Bond) -> list[Statement]:
        """Return the statements that bind an object's id; they also forget what is too old."""
        name, now_us = self._name(key, minted), self._clock.utc_us()
        expires_us = now_us + KEPT_S * 1_000_000
        self._lately.put(name, (bond, expires_us))
        row = (name, bond.target, bond.tokens, expires_us)
        return [
            ("DELETE FROM state_bond WHERE expires_us <= ?", (now_us,)),
            (_PUT_BOND, row),
        ]

    def unbind(self, key: Key, minted: str) -> Statement:
        """Return the statement that forgets an object."""
        name = self._name(key, minted)
        self._lately.drop(name)
        return ("DELETE FROM state_bond WHERE name = ?", (name,))

    def lead(self, key: Key, minted: Sequence[str], trace: Trace) -> list[Statement]:
        """Return the statements that have ids lead to a run from now on."""
        statements: list[Statement] = []
        for each in minted:
            self._seen.put((key.tenant.id, key.id, each), trace)
            row = (self._name(key, each), trace.run, trace.nano, trace.expires_us)
            statements.append((_PUT_TRACE, row))
        return statements

    def led(self, key: Key, brought: Sequence[str]) -> Trace | None:
        """Return where ids lead that this key brings: None if none of them leads anywhere, or they do not agree."""
        asked = {each: (key.tenant.id, key.id, each) for each in brought}
        unseen = {self._name(key, each): place for each, place in asked.items() if self._seen.get(place) is None}
        if unseen:
            marks = ",".join("?" * len(unseen))
            rows = self._query(
                f"SELECT name, run, expires_us, nano FROM state_trace WHERE name IN ({marks})",  # noqa: S608 - marks only
                tuple(unseen),
            )
            found = {bytes(name): Trace(*rest) for name, *rest in rows}
            for name, place in unseen.items():
                if name in found or "\0" not in place[2]:  # another process may yet mark what a conversation has
                    self._seen.put(place, found.get(name, _NOWHERE))
        now_us = self._clock.utc_us()
        led: Trace | None = None
        for place in asked.values():
            trace = self._seen.get(place) or _NOWHERE
            if trace.expires_us <= now_us:
                continue
            if led is not None and led.run != trace.run:
                return None
            led = led or trace
        return led

    def knows(self, key: Key, minted: str) -> bool:
        """Whether this id was released to this key, and leads to a run still."""
        return self.led(key, (minted,)) is not None

    def _name(self, key: Key, minted: str) -> bytes:
        said = f"{key.tenant.id}\0{key.id}\0{minted}".encode("utf-8", "replace")
        return hmac.digest(self._secret, said, "sha256")


def mark_of(kept: str, tool_call: str) -> str:
    """Return the name under which a tool call is known to have been released with what the provider keeps.

    No client can bring it: ids that are not printable lead nowhere.
    """
    return f"{kept}\0{tool_call}"
