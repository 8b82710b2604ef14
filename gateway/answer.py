"""The answer to one client: plain or stream, headers, the closing comment, and errors in the dialect's form.

A plain reply's status line is its terminal marker: nothing is sent before the outcome is durable. A stream's head goes
out with its first released event; then an error can only be the dialect's error event, and no terminal marker follows.
"""

from collections.abc import Sequence
from typing import Protocol

import orjson

from .call import Call, Event
from .client import Client, Header
from .errors import Ending

_JSON: Header = (b"content-type", b"application/json")
_SSE: Header = (b"content-type", b"text/event-stream; charset=utf-8")
_NO_STORE: Header = (b"cache-control", b"no-store")


class Account(Protocol):
    """What the answer tells of a call's costs: header values and the stream's closing comment."""

    def figures(self, call: Call) -> dict[str, str]:
        """Return the final figures (dollars, tokens, what is left), by name."""
        ...


class Answer:
    """Writes one call's answer."""

    __slots__ = ("_account", "_written", "client")

    def __init__(self, client: Client, account: Account) -> None:
        self.client = client
        self._account = account
        self._written = 0

    async def stream(self, call: Call, events: Sequence[Event]) -> None:
        """Send events of a stream, its head first if they are the first."""
        client = self.client
        if not client.started:
            await client.begin(200, self._headers(call, _SSE))
        await client.write(b"".join(self._pieces(call, events)))

    def _pieces(self, call: Call, events: Sequence[Event]) -> list[bytes]:
        write, number = call.dialect.write, self._written
        for event in events:
            event.number = number
            number += 1
        self._written = number
        return [write(event) for event in events]

    def complete_now(self, call: Call, held: Sequence[Event]) -> bool:
        """Send a plain reply if that needs no waiting; False if it does, or if the reply is a stream."""
        return call.request is not None and not call.request.stream and self.client.answer_now(*self._plain(call, held))

    async def complete(self, call: Call, held: Sequence[Event]) -> None:
        """Send what was held back until the outcome was durable; for a plain reply that is all of it."""
        client = self.client
        if client.left:
            return
        if call.request is not None and call.request.stream:
            if not client.started:
                await client.begin(200, self._headers(call, _SSE))
            figures = b": tollhouse %b\n\n" % orjson.dumps(self._account.figures(call))
            pieces = self._pieces(call, [event for event in held if not event.silent])
            await client.end(b"".join((figures, *pieces)))
            return
        await client.answer(*self._plain(call, held))

    def _plain(self, call: Call, held: Sequence[Event]) -> tuple[int, list[Header], bytes]:
        """Return status, headers and body of a plain reply."""
        body = call.dialect.write_plain(held[0])
        headers = self._headers(call, _JSON)
        for name, value in self._account.figures(call).items():
            headers.append((b"x-tollhouse-" + name.replace("_", "-").encode(), value.encode()))
        return call.kept.get("status", 200), headers, body

    async def fail(self, call: Call, ending: Ending) -> None:
        """Send an ending: status and body, or in a stream that has begun the error event and the end."""
        client = self.client
        if client.left:
            return
        if client.started:
            await client.end(call.dialect.error_event(ending, call.id))
            return
        body = call.dialect.error(ending, call.id)
        headers = self._headers(call, _JSON)
        if client.unread:
            headers.append((b"connection", b"close"))
        if not ending.retry:
            headers.append((b"x-should-retry", b"false"))
        elif ending.retry_after_s is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(ending.retry_after_s + 0.5))))
        await client.answer(call.kept.get("status", ending.status), headers, body)

    @staticmethod
    def _headers(call: Call, content_type: Header) -> list[Header]:
        headers = [content_type, _NO_STORE, (b"x-tollhouse-call-id", call.id.encode())]
        for name, value in call.headers.items():
            headers.append((name.encode("latin-1"), value.encode("latin-1")))
        if call.degraded:
            headers.append((b"x-tollhouse-degraded", call.degraded.encode("latin-1")))
        return headers
