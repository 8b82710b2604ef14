"""What routes have in common that answer plainly, without a stream, a choice or a tool call: embeddings and the like.

Nothing of the reply is a text of the model, so the stages have nothing to hold, refuse or repeat in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from limits.prices import Usage

from ..call import Event, Request
from ..errors import Ending, InternalError, UpstreamError
from .openai_form import OpenAIForm
from .strict import decode_reply


class PlainReader:
    """Reads one reply: `usage_of` gives the report of its tree, KeyError and the like if it is no such reply."""

    __slots__ = ("_finished", "_usage_of")

    def __init__(self, usage_of: Callable[[Any], Usage | None]) -> None:
        self._usage_of = usage_of
        self._finished = False

    @property
    def finished(self) -> bool:
        """Whether the reply was read."""
        return self._finished

    def plain(self, body: bytes) -> Event:
        """Return the one event of the reply."""
        tree = decode_reply(body)
        try:
            usage = self._usage_of(tree)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise UpstreamError(f"the upstream's reply is not as asked: {type(error).__name__} at {error}") from None
        self._finished = True
        return Event(tree, [], ends=(0,), finish="complete", usage=usage, terminal=True, whole=True)

    def feed(self, payloads: Sequence[bytes], names: Sequence[str | None] = ()) -> list[Event]:  # noqa: ARG002
        """Refuse: these routes have no stream."""
        raise UpstreamError("the upstream answered with a stream that nobody asked for")


class PlainDialect(OpenAIForm):
    """A dialect without streams; `parse`, `members` and `reader` are its own."""

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:  # noqa: ARG002
        """Never asked for: no text is held back."""
        raise InternalError("this route has no pieces")

    def answer(self, request: Request, text: str, *, reply_id: str, created_s: int) -> list[Event]:  # noqa: ARG002
        """Never asked for: a text is no answer here (the request says `strict_format`)."""
        raise InternalError("this route has no answer of our own")

    def split_calls(self, event: Event) -> tuple[Event | None, dict[int, Event]]:
        """Return the event: it proposes no calls."""
        return event, {}

    def refuse_calls(self, event: Event, choice: int, text: str) -> list[Event]:  # noqa: ARG002
        """Return the event: it proposes no calls."""
        return [event]

    def renew(self, event: Event, reply_id: str) -> None:
        """Do nothing: the reply has no id that anybody comes back with."""

    def ask_again(self, request: Request, answer: str, message: str) -> Request:  # noqa: ARG002
        """Never asked for: nothing is refused in the reply."""
        raise InternalError("this route is not asked again")

    def write(self, event: Event) -> bytes:
        """Return the body: there is no stream."""
        return self.write_plain(event)

    def error_event(self, ending: Ending, call_id: str) -> bytes:
        """Return the error body: there is no stream."""
        return self.error(ending, call_id)
