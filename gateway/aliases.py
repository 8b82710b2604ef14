"""Tool calls' ids that an upstream counts or keeps short, minted anew: two conversations never meet in one of them.

    upstream's `call_0` ──Fresh──> `call_9f3c…` to the client; kept with the call's outcome, for its key alone
    client's `call_9f3c…` ──brought──> `call_0` up again, where ids are weak
    a kept response's `call_0` ──released──> `call_9f3c…`, however often it is looked at

What is not known, or not any more, goes up as it came, in a call and its result alike. A row's name is an HMAC.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from limits.clock import Clock

from .call import Request
from .papers import Key
from .shelf import Shelf
from .state.upsert import upsert

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_PUT = upsert("state_alias", "name, said, expires_us", "name")
_RANDOM_BYTES = 12
_BROUGHT_MAX = 1_024  # of the ids that a request brings the last so many are looked up
_IN_MEMORY_MAX = 4_096  # half a kilobyte each; of the others one look into `state` is a few dozen µs
_ID_CHARS_MAX = 512
_UNKNOWN = ("", 0)


class Fresh:
    """The ids of one reply's tool calls: `said` is what the upstream calls them, by what the client does."""

    __slots__ = ("_given", "said")

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self._given: dict[str, str] = {}

    def __call__(self, prefix: str, place: str, said: str) -> str:
        """Return the id that the call at a place has towards the client: at most 40 characters, 96 bits of chance."""
        given = self._given.get(place)
        if given is None:
            given = self._given[place] = prefix + secrets.token_hex(_RANDOM_BYTES)
            self.said[given] = said
        return given


class Aliases:
    """The aliases of all keys, in `state`; those that were used lately also in memory. `secret` is 32 bytes."""

    def __init__(self, query: Query, clock: Clock, secret: bytes) -> None:
        self._query = query
        self._clock = clock
        self._secret = hmac.digest(secret, b"ids of tool calls, minted anew", "sha256")
        self._seen: Shelf[bytes, tuple[str, int]] = Shelf(entries_max=_IN_MEMORY_MAX, bytes_max=0)

    def keep(self, key: Key, said: Mapping[str, str], kept: Sequence[str], expires_us: int) -> list[Statement]:
        """Return the statements that keep what was released.

        `said` is as in Fresh, `kept` are ids of what the provider keeps of it.
        """
        statements: list[Statement] = []
        for released, own in said.items():
            if len(own) > _ID_CHARS_MAX:
                continue
            rows = [(self._name(key, released), own), *((self._name(key, f"{each}\0{own}"), released) for each in kept)]
            for name, stands_for in rows:
                self._seen.put(name, (stands_for, expires_us))
                statements.append((_PUT, (name, stands_for, expires_us)))
        return statements

    def up(self, key: Key, request: Request) -> Request:
        """Return the request with the ids that the upstream gave the calls of its history."""
        brought = dict.fromkeys([*(call.id for call in request.calls), *(said.call_id for said in request.results)])
        names = {self._name(key, each): each for each in list(brought)[-_BROUGHT_MAX:]}
        found = self._find(list(names))
        return request.renamed({names[name]: said for name, said in found.items()})

    def released(self, key: Key, kept: str, said: str) -> str:
        """Return the id under which a call of a kept object was released; its own if it was never minted anew."""
        name = self._name(key, f"{kept}\0{said}")
        return self._find([name]).get(name, said)

    def _find(self, names: Sequence[bytes]) -> dict[bytes, str]:
        """Return what is known of names and has not expired."""
        now_us = self._clock.utc_us()
        unseen = [name for name in names if self._seen.get(name) is None]
        if unseen:
            marks = ",".join("?" * len(unseen))
            rows = self._query(
                f"SELECT name, said, expires_us FROM state_alias WHERE name IN ({marks})",  # noqa: S608 - marks only
                unseen,
            )
            found = {bytes(name): (said, expires_us) for name, said, expires_us in rows}
            for name in unseen:
                self._seen.put(name, found.get(name, _UNKNOWN))
        known = [(name, *(self._seen.get(name) or _UNKNOWN)) for name in names]
        return {name: said for name, said, expires_us in known if expires_us > now_us}

    def _name(self, key: Key, released: str) -> bytes:
        text = f"{key.tenant.id}\0{key.id}\0{released}".encode("utf-8", "replace")
        return hmac.digest(self._secret, text, "sha256")
