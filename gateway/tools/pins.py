"""What MCP servers say of their tools, pinned by hash when first seen: a description that changes later is not shown.

first seen ──▶ pinned ──another is seen──▶ changed (neither listed nor callable) ──approved──▶ pinned anew
Pins are kept in `state`, so what was said before a restart binds after it. This is against a server
that is harmless when it is looked at, and says something else to models later.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ..state.upsert import upsert

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
Statement = tuple[str, tuple[Any, ...]]
_PUT = upsert("state_pin", "server, tool, said, sha256, seen", "server, tool")
PINS_MAX = 10_000


@dataclass(slots=True)
class Pin:
    """A tool's definition as it was pinned; `seen` is the hash of what the server says now."""

    server: str
    tool: str
    definition: dict[str, Any]
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

    def __init__(self, query: Query) -> None:
        self._pins: dict[tuple[str, str], Pin] = {}
        for server, tool, definition, sha256, seen in query(
            "SELECT server, tool, said, sha256, seen FROM state_pin", ()
        ):
            self._pins[server, tool] = Pin(server, tool, orjson.loads(definition), sha256, seen)

    def get(self, server: str, tool: str) -> Pin | None:
        """Return a tool's pin."""
        return self._pins.get((server, tool))

    def see(self, server: str, definition: dict[str, Any]) -> tuple[Pin | None, list[Statement]]:
        """Take note of what a server says of a tool; return its pin (None: there are too many) and what to write."""
        tool, sha256 = str(definition.get("name", "")), digest_of(definition)
        pin = self._pins.get((server, tool))
        if pin is None:
            if len(self._pins) >= PINS_MAX:
                return None, []
            pin = self._pins[server, tool] = Pin(server, tool, definition, sha256, sha256)
        elif pin.seen == sha256:
            return pin, []
        pin.seen = sha256
        return pin, [self._put(pin)]

    def accept(self, pin: Pin, definition: dict[str, Any]) -> Statement:
        """Pin what the server says now, because a person said yes to it."""
        pin.definition, pin.sha256 = definition, digest_of(definition)
        pin.seen = pin.sha256
        return self._put(pin)

    @staticmethod
    def _put(pin: Pin) -> Statement:
        said = orjson.dumps(pin.definition).decode()
        return (
            _PUT,
            (pin.server, pin.tool, said, pin.sha256, pin.seen),
        )
