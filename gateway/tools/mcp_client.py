"""Speaks to one MCP server, whose answer may be JSON or a stream: read as the client can take it.

A client that takes streams gets notifications and what the server asks of it (elicitation, roots, ping) as they come,
and then the answer; for another one the answer is all, and a server that asks is told that nobody is there. Sampling is
refused to the server in either case: a model would be called unmetered.

A stream that ends before its answer is taken up again where it was (GET, `Last-Event-ID`), if the server named places
in it: servers that keep no connection open let clients come back for a long call's answer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ..upstream.failure import UpstreamFailure
from ..upstream.interface import Upstream, UpstreamReply, UpstreamRequest
from ..upstream.sse import SseParser, SseTooLargeError
from .oauth import Tokens

PASSED_ON = frozenset({"elicitation/create", "roots/list", "ping"})
_REFUSED = {"code": -32601, "message": "this client is a gateway: nobody is there to be asked that"}
_OK, _UNAUTHORISED = 200, 401
_STREAM = "text/event-stream"
_RESUMED_MAX = 100
_PAUSE_S, _PAUSE_S_MAX = 1.0, 30.0
_LINE_CHARS_MAX = 1_024
Sending = Callable[[UpstreamRequest], Awaitable[UpstreamReply]]


class McpClient:
    """An `Upstream` over another one; with `streams` every answer comes as a stream of messages."""

    def __init__(self, inner: Upstream, *, streams: bool = False, tokens: Tokens | None = None) -> None:
        """`tokens` are sent as bearer; one that the server refuses is fetched anew, once."""
        self._inner = inner
        self._streams = streams
        self._tokens = tokens

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send a message and wait for the answer's head."""
        reply = await self.exchange(request)
        if self._streams or (reply.header("content-type") or "").startswith(_STREAM):
            return _Messages(self.exchange, request, reply, streams=self._streams)
        return reply

    async def exchange(self, request: UpstreamRequest) -> UpstreamReply:
        """Send a request as it is, with a token if the server wants one; its reply may be anything."""
        if self._tokens is None:
            return await self._inner.send(request)
        token = self._tokens.at_hand() or await self._tokens.get()
        reply = await self._inner.send(_with_token(request, token))
        if reply.status != _UNAUTHORISED:
            return reply
        reply.abort()  # refused before anything was done, so it may be said again
        self._tokens.void(token)
        return await self._inner.send(_with_token(request, await self._tokens.get()))

    async def close(self) -> None:
        """Close all connections."""
        await self._inner.close()


def _with_token(request: UpstreamRequest, token: str) -> UpstreamRequest:
    headers = [*request.headers, ("authorization", f"Bearer {token}")]
    return UpstreamRequest(request.method, request.url, headers, request.body, request.timeouts, request.lane)


class _Place:
    """Where a stream stands: the id of its last event, and how long the server wants to be left alone."""

    def __init__(self) -> None:
        self.id = b""
        self.pause_s = _PAUSE_S
        self._named = b""
        self._line = b""

    def begin(self) -> None:
        """Forget what the last stream left unfinished."""
        self._named = self._line = b""

    def feed(self, chunk: bytes) -> None:
        """Read the fields beside the data; an id counts once its event is whole."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole, self._line = (self._line + line[:_LINE_CHARS_MAX]).removesuffix(b"\r"), b""
            name, _, value = whole.partition(b":")
            if not whole:
                self.id = self._named or self.id
            elif name == b"id" and value.strip().isascii() and len(whole) < _LINE_CHARS_MAX:
                self._named = value.strip()
            elif name == b"retry" and value.strip().isdigit():
                self.pause_s = min(_PAUSE_S_MAX, int(value.strip()[:9]) / 1_000)
        self._line = (self._line + rest)[:_LINE_CHARS_MAX]


class _Messages:
    """An answer read message by message, to the one that answers."""

    def __init__(self, send: Sending, request: UpstreamRequest, reply: UpstreamReply, *, streams: bool) -> None:
        self._send = send
        self._until_s = asyncio.get_running_loop().time() + request.timeouts.total_s
        self._request = request
        self._reply = reply
        self._streams = streams
        self._id = orjson.loads(request.body).get("id")

    @property
    def status(self) -> int:
        return self._reply.status

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return self._reply.headers

    def header(self, name: str) -> str | None:
        return _STREAM if self._streams and name == "content-type" else self._reply.header(name)

    def abort(self) -> None:
        self._reply.abort()

    async def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        """Yield the messages that the client gets, the answer last, as events of a stream."""
        if not (self._reply.header("content-type") or "").startswith(_STREAM):
            yield _event(await self._reply.read(size_bytes_max))
            return
        async for payload, message in self._messages(size_bytes_max):
            if self._answers(message):
                self._reply.abort()  # the server may keep the stream open
                yield _event(payload)
                return
            if "id" not in message or message["method"] in PASSED_ON:
                yield _event(payload)
            else:
                await self._refuse(message["id"])
        raise _broken("no_answer")

    async def read(self, size_bytes_max: int) -> bytes:
        """Return the answer; UpstreamFailure if the stream ends without one."""
        if not (self._reply.header("content-type") or "").startswith(_STREAM):
            return await self._reply.read(size_bytes_max)
        async for payload, message in self._messages(size_bytes_max):
            if self._answers(message):
                self._reply.abort()
                return payload
            if "id" in message:
                await self._refuse(message["id"])
        raise _broken("no_answer")

    async def _messages(self, size_bytes_max: int) -> AsyncIterator[tuple[bytes, dict[str, Any]]]:
        """Yield what the server says: its answer, notifications, requests; an empty event only names a place."""
        place = _Place()
        for _ in range(_RESUMED_MAX):
            parser = SseParser(size_bytes_max)
            place.begin()
            try:
                async for chunk in self._reply.chunks(size_bytes_max):
                    place.feed(chunk)
                    for payload in parser.feed(chunk):
                        message = orjson.loads(payload) if payload else None
                        if type(message) is dict and ("method" in message or self._answers(message)):
                            yield payload, message
            except (orjson.JSONDecodeError, SseTooLargeError) as error:
                raise _broken("unreadable") from error
            except UpstreamFailure as failure:
                if not place.id or failure.cause != "reset":
                    raise
            if not place.id:
                return
            await self._resume(place)

    async def _resume(self, place: _Place) -> None:
        """Take the stream up where it was, after a pause; UpstreamFailure if the server does not let us."""
        left_s = self._until_s - asyncio.get_running_loop().time() - place.pause_s
        if left_s <= 0:
            raise _broken("deadline")
        await asyncio.sleep(place.pause_s)
        request = self._request
        headers = [pair for pair in request.headers if pair[0] not in ("content-type", "accept")]
        headers += [("accept", _STREAM), ("last-event-id", place.id.decode())]
        timeouts = replace(request.timeouts, total_s=left_s, first_byte_s=left_s, idle_s=left_s)
        self._reply = await self._send(UpstreamRequest("GET", request.url, headers, b"", timeouts))
        if self._reply.status != _OK or not (self._reply.header("content-type") or "").startswith(_STREAM):
            self._reply.abort()
            raise _broken("no_answer")

    def _answers(self, message: dict[str, Any]) -> bool:
        return "method" not in message and message.get("id") == self._id

    async def _refuse(self, asked_id: object) -> None:
        body = orjson.dumps({"jsonrpc": "2.0", "id": asked_id, "error": _REFUSED})
        request = self._request
        told = UpstreamRequest("POST", request.url, request.headers, body, request.timeouts)
        reply = await self._send(told)
        reply.abort()


def _event(payload: bytes) -> bytes:
    return b"data: %b\n\n" % payload


def _broken(cause: str) -> UpstreamFailure:
    return UpstreamFailure(cause, source="upstream", phase="body", sent=True, retryable=False)
