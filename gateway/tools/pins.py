"""What MCP servers say of their tools, pinned by hash when first seen: a description that changes later is not shown.

first seen ──▶ pinned ──another is seen──▶ changed (neither listed nor callable) ──approved──▶ pinned anew
Pins are kept in `state`, so what was said before a restart binds after it. This is against a server
that is harmless when it is looked at, and says something else to models later. What was said is sealed there, because
it is somebody's text; under another master key its hash still binds, and the server must list it again.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from audit.errors import KeyMissing
from audit.master import MasterKey

from ..state.upsert import upsert

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_PUT = upsert("state_pin", "server, tool, said, sha256, seen", "server, tool")
PINS_MAX = 10_000


@dataclass(slots=True)
class Pin:
    """A tool's definition as pinned (None: it cannot be read); `seen` is the hash of what the server says now."""

    server: str
    tool: str
    definition: dict[str, Any] | None
    sha256: str
    seen: str

    @property
    def changed(self) -> bool:
        """Whether the server says something else now."""
        return self.seen != self.sha256


def digest_of(definition: dict[str, Any]) -> str:
    """Return the hash of a definition: everything that a model or client is told of a tool."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Pins:
    """All pins. `change` makes statements durable in the background of the call that saw them."""

    def __init__(self, query: Query, secret: bytes) -> None:
        """`secret` is 32 bytes."""
        self._cipher = MasterKey(hmac.digest(secret, b"pins, sealed", "sha256"))
        self._pins: dict[tuple[str, str], Pin] = {}
        for server, tool, said, sha256, seen in query("SELECT server, tool, said, sha256, seen FROM state_pin", ()):
            self._pins[server, tool] = Pin(server, tool, self._opened(server, tool, said), sha256, seen)

    def get(self, server: str, tool: str) -> Pin | None:
        """Return a tool's pin, None if what was pinned is not known."""
        pin = self._pins.get((server, tool))
        return None if pin is None or pin.definition is None else pin

    def named(self, server: str) -> list[str]:
        """Return the names of a server's tools that are pinned."""
        return [tool for of, tool in self._pins if of == server]

    def see(self, server: str, definition: dict[str, Any]) -> tuple[Pin | None, list[Statement]]:
        """Take note of what a server says of a tool; return its pin (None: there are too many) and what to write."""
        tool, sha256 = str(definition.get("name", "")), digest_of(definition)
        pin = self._pins.get((server, tool))
        if pin is None:
            if len(self._pins) >= PINS_MAX:
                return None, []
            pin = self._pins[server, tool] = Pin(server, tool, definition, sha256, sha256)
        elif pin.definition is None and pin.sha256 == sha256:
            pin.definition = definition
        elif pin.seen == sha256:
            return pin, []
        pin.seen = sha256
        return pin, [self._put(pin)]

    def accept(self, pin: Pin, definition: dict[str, Any]) -> Statement:
        """Pin what the server says now, because a person said yes to it."""
        pin.definition, pin.sha256 = definition, digest_of(definition)
        pin.seen = pin.sha256
        return self._put(pin)

    def _put(self, pin: Pin) -> Statement:
        bound_to = _place(pin.server, pin.tool)
        said = base64.b64encode(self._cipher.wrap(orjson.dumps(pin.definition), bound_to)).decode()
        return (
            _PUT,
            (pin.server, pin.tool, said, pin.sha256, pin.seen),
        )

    def _opened(self, server: str, tool: str, said: str) -> dict[str, Any] | None:
        """Return a definition; one that an earlier version wrote is not sealed."""
        try:
            plain = said if said.startswith("{") else self._cipher.unwrap(base64.b64decode(said), _place(server, tool))
        except KeyMissing:
            return None
        definition: dict[str, Any] = orjson.loads(plain)
        return definition


def _place(server: str, tool: str) -> bytes:
    return json.dumps([server, tool]).encode()
