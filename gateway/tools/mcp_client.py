"""Speaks to one MCP server, whose answer may be JSON or a stream: read as the client can take it.

A client that takes streams gets notifications and what the server asks of it (elicitation, roots, ping) as they come,
and then the answer; for another one the answer is all, and a server that asks is told that nobody is there. Sampling is
refused to the server in either case: a model would be called unmetered.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from ..upstream.failure import UpstreamFailure
from ..upstream.interface import Upstream, UpstreamReply, UpstreamRequest
from ..upstream.sse import SseParser, SseTooLargeError
from .oauth import Tokens

PASSED_ON = frozenset({"elicitation/create", "roots/list", "ping"})
_REFUSED = {"code": -32601, "message": "this client is a gateway: nobody is there to be asked that"}
_UNAUTHORISED = 401
_STREAM = "text/event-stream"


class McpClient:
    """An `Upstream` over another one; with `streams` every answer comes as a stream of messages."""

    def __init__(self, inner: Upstream, *, streams: bool = False, tokens: Tokens | None = None) -> None:
        """`tokens` are sent as bearer; one that the server refuses is fetched anew, once."""
        self._inner = inner
        self._streams = streams
        self._tokens = tokens

    async def send(self, request: UpstreamRequest) -> UpstreamReply:
        """Send a message and wait for the answer's head."""
        reply = await self._authorised(request)
        if self._streams or (reply.header("content-type") or "").startswith(_STREAM):
            return _Messages(self._inner, request, reply, streams=self._streams)
        return reply

    async def _authorised(self, request: UpstreamRequest) -> UpstreamReply:
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
    return UpstreamRequest(request.method, request.url, headers, request.body, request.timeouts)


class _Messages:
    """An answer read message by message, to the one that answers."""

    def __init__(self, inner: Upstream, request: UpstreamRequest, reply: UpstreamReply, *, streams: bool) -> None:
        self._inner = inner
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
        parser = SseParser(size_bytes_max)
        try:
            async for chunk in self._reply.chunks(size_bytes_max):
                for payload in parser.feed(chunk):
                    message = orjson.loads(payload) if payload else None
                    if type(message) is dict and ("method" in message or self._answers(message)):
                        yield payload, message
        except (orjson.JSONDecodeError, SseTooLargeError) as error:
            raise _broken("unreadable") from error

    def _answers(self, message: dict[str, Any]) -> bool:
        return "method" not in message and message.get("id") == self._id

    async def _refuse(self, asked_id: object) -> None:
        body = orjson.dumps({"jsonrpc": "2.0", "id": asked_id, "error": _REFUSED})
        request = self._request
        told = UpstreamRequest("POST", request.url, request.headers, body, request.timeouts)
        reply = await self._inner.send(told)
        reply.abort()


def _event(payload: bytes) -> bytes:
    return b"data: %b\n\n" % payload


def _broken(cause: str) -> UpstreamFailure:
    return UpstreamFailure(cause, source="upstream", phase="body", sent=True, retryable=False)
