"""What OpenAI's routes have in common: the form of bodies and errors, and streams of chunks without names.

A stream of chunks ends with `data: [DONE]`; an error within it is a chunk with a member `error`, which the SDKs raise.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ..call import Event
from ..errors import Ending
from .errors import openai_error
from .strict import decode_reply, encode

_DONE = b"[DONE]"


class OpenAIForm:
    """How a dialect of OpenAI's writes bodies. None of a client's headers has a meaning there."""

    repeats = False
    no_arguments = ""

    def headers(self, sent: Mapping[str, str], betas: Sequence[str]) -> list[tuple[str, str]]:  # noqa: ARG002
        """Return no headers."""
        return []

    def write_plain(self, event: Event) -> bytes:
        """Return a plain reply's body."""
        return encode(event.tree)

    def error(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as OpenAI's error body."""
        return encode(openai_error(ending, call_id))


class ChunkForm(OpenAIForm):
    """How a dialect writes a stream of chunks."""

    @staticmethod
    def streamed(tree: dict[str, Any]) -> dict[str, Any]:
        """Return the members that have an upstream report usage at the end of a stream."""
        return {"stream_options": {**(tree.get("stream_options") or {}), "include_usage": True}}

    def write(self, event: Event) -> bytes:
        """Return a chunk on the wire."""
        return b"data: [DONE]\n\n" if event.tree is None else b"data: %b\n\n" % encode(event.tree)

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as a chunk."""
        return b"data: %b\n\n" % encode(openai_error(ending, call_id))


class ChunkReader(ABC):
    """Reads one reply. `whole` and `chunk` read trees, `plain` and `feed` what is on the wire."""

    __slots__ = ("_ended", "choices", "wants_usage")

    def __init__(self, choices: int, *, wants_usage: bool) -> None:
        self.choices = choices
        self.wants_usage = wants_usage
        self._ended: set[int] = set()

    @property
    def finished(self) -> bool:
        """Whether every choice has ended."""
        return len(self._ended) >= self.choices

    def plain(self, body: bytes) -> Event:
        """Return the one event of a plain reply."""
        return self.whole(decode_reply(body))

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Return the events of the next chunks."""
        return [
            Event(None, [], terminal=True) if payload == _DONE else self.chunk(decode_reply(payload))
            for payload in payloads
        ]

    @abstractmethod
    def whole(self, tree: Any) -> Event:
        """Return the one event of a plain reply's tree."""

    @abstractmethod
    def chunk(self, tree: Any) -> Event:
        """Return the event of a chunk."""
