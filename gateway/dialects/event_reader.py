"""What readers of named events have in common: one choice, and calls that are known by their place in the reply."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ..call import Event
from ..errors import UpstreamError
from .seam import Fresh
from .strict import decode_reply

WRONG = (KeyError, TypeError, AttributeError, ValueError)
"""What a tree raises that is not as it should be."""


def no_reply(noun: str, error: Exception) -> UpstreamError:
    """Return the failure of an upstream whose tree is none of a `noun` (a message, a response)."""
    return UpstreamError(f"the upstream's reply is no {noun}: {type(error).__name__} at {error}")


class EventReader(ABC):
    """Reads one reply. `whole` and `event` read trees, `plain` and `feed` what is on the wire."""

    __slots__ = ("_calls", "_ended", "_fresh")
    noun: str

    def __init__(self, fresh: Fresh | None = None) -> None:
        self._fresh = fresh
        self._ended = False
        self._calls: dict[int, tuple[str, str]] = {}

    @property
    def finished(self) -> bool:
        """Whether the reply has come to its end."""
        return self._ended

    def plain(self, body: bytes) -> Event:
        """Return the one event of a plain reply."""
        return self.whole(decode_reply(body))

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Return the next events; `[DONE]`, which some servers add, says nothing."""
        return [self.event(decode_reply(payload)) for payload in payloads if payload != b"[DONE]"]

    def event(self, tree: Any) -> Event:
        """Return the event of a tree."""
        try:
            return self.read(tree)
        except WRONG as error:
            raise no_reply(self.noun, error) from None

    @abstractmethod
    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""

    @abstractmethod
    def read(self, tree: Any) -> Event:
        """Return the event of a tree; it may raise WRONG."""


def kind_of(tree: dict[str, Any]) -> str:
    """Return an event's type, which is written on the wire again."""
    kind = tree["type"]
    if type(kind) is not str or not kind.isprintable() or not kind.isascii():
        raise ValueError("type")
    return kind
