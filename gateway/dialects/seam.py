"""What a dialect must offer. Guards, Budget and Firewall see only the neutral view of `gateway.call`.

A dialect is stateless and shared; a ReplyReader reads one reply. All that they raise is an Ending: InvalidRequest for
what a client sent, UpstreamError for what an upstream sent.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..call import Event, Request
from ..errors import Ending

Fresh = Callable[[str, str, str], str]
"""Gives a tool call its id towards the client: the vendor's prefix, its place in the reply, the id as it came -> id."""


class ReplyReader(Protocol):
    """Reads one reply of an upstream, plain or as a stream."""

    def plain(self, body: bytes) -> Event:
        """Return the one event of a plain reply."""
        ...

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:
        """Return the events of the next server-sent payloads (their `data`), in order."""
        ...

    @property
    def finished(self) -> bool:
        """Whether every choice has ended."""
        ...


class Dialect(Protocol):
    """One vendor's API, as requests and replies.

    `repeats` says that a stream says texts again when they are complete, `no_arguments` is what stands for the
    arguments of a call without any.
    """

    name: str
    repeats: bool
    no_arguments: str

    def headers(self, sent: Mapping[str, str], betas: Sequence[str]) -> list[tuple[str, str]]:
        """Return which of the client's headers go on to the upstream; `betas` may be asked for."""
        ...

    def parse(self, tree: Any) -> Request:
        """Return the neutral view of a decoded body."""
        ...

    def members(self, request: Request, *, model: str, limit_field: str, output_tokens: int) -> Request:
        """Return the request as an upstream gets it: its model, the output limit in its field, usage asked for."""
        ...

    def reader(self, request: Request, fresh: Fresh | None = None) -> ReplyReader:
        """Return a reader for one reply to this request; with `fresh` its tool calls get other ids, all over."""
        ...

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return an event of the same reply as `like` that carries a further piece of a lane."""
        ...

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:
        """Return a whole reply of our own making, plain or as a stream as the request wants it; its usage is 0."""
        ...

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Take the tool calls out of a stream's event: what is left of it (None: nothing), and by choice its calls.

        An event that waits for a call before it (`behind`) is taken with the calls. Pieces that say nothing any more
        (their arguments were taken and nothing else stands there) are dropped.
        """
        ...

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:
        """Return what goes on in place of the event that ends a choice (or is a whole reply): no calls, but a text.

        The text comes after what the choice has said already; a finish that spoke of tool calls is a plain end.
        """
        ...

    def renew(self, event: Event, reply_id: str) -> None:
        """Give an event of a repeated reply the reply id, in the vendor's shape."""
        ...

    def ask_again(self, request: Request, answer: str, message: str) -> Request:
        """Return the request with the refused answer and the message to the model appended."""
        ...

    def write(self, event: Event) -> bytes:
        """Return a stream's event as bytes on the wire."""
        ...

    def write_plain(self, event: Event) -> bytes:
        """Return a plain reply's body."""
        ...

    def error(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as a body in the vendor's form."""
        ...

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the ending as a stream's error event on the wire."""
        ...
