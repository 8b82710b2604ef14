"""HTTP/1.1 on a socket: one request in, bytes out. Raw asyncio and httptools, because the bench measures beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

import httptools

BODY_BYTES_MAX = 64 * 1024 * 1024
HEADERS_MAX = 200
PIPELINE_MAX = 64
LAST_CHUNK = b"0\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "


@dataclass(slots=True)
class Request:
    """One request, whole; header names are lower case."""

    method: str = ""
    path: str = ""
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def ok(body: bytes) -> bytes:
    """Write a 200 with a JSON body."""
    return b"".join((JSON_HEAD, str(len(body)).encode(), b"\r\n\r\n", body))


def reply(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """Write any other whole reply."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    head = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunk(part: bytes) -> bytes:
    """Frame one piece of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(part), part)


class Connection(asyncio.Protocol):
    """Parses requests and hands each to `respond`, strictly one after the other.

    `respond` writes the reply at once and returns None, or returns a coroutine that writes it: that one runs as a task,
    cancelled when the client goes away.
    """

    def __init__(
        self,
        respond: Callable[[Request, Connection], Coroutine[Any, Any, None] | None],
        connections: set[Connection],
    ) -> None:
        self._respond = respond
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._url = b""
        self._body: list[bytes] = []
        self._body_size = 0
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[Request] = deque()
        self._writable = asyncio.Event()
        self._writable.set()
        self.transport: asyncio.Transport

    # asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the open connections."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but the name
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop what is being written."""
        del exc
        self._connections.discard(self)
        self._writable.set()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse; what is no HTTP is told so."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.transport.close()
        except (httptools.HttpParserError, _TooMuchError):
            self.transport.write(reply(400, b'{"error":{"message":"not HTTP"}}', {"connection": "close"}))
            self.transport.close()

    def pause_writing(self) -> None:
        """Let senders wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let senders go on."""
        self._writable.set()

    # httptools
    def on_message_begin(self) -> None:
        """Forget the last request."""
        self._request = Request()
        self._url = b""
        self._body = []
        self._body_size = 0

    def on_url(self, url: bytes) -> None:
        """Collect."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep."""
        headers = self._request.headers
        if len(headers) >= HEADERS_MAX:
            raise _TooMuchError
        headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Let a client that waits for leave send its body."""
        if self._request.headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Collect, bounded."""
        self._body_size += len(body)
        if self._body_size > BODY_BYTES_MAX:
            raise _TooMuchError
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer, or queue behind the answer under way."""
        request = self._request
        request.method = self._parser.get_method().decode("latin-1")
        path, _, query = self._url.decode("latin-1").partition("?")
        request.path, request.query = path, query
        body = self._body
        request.body = body[0] if len(body) == 1 else b"".join(body)
        if self._task is None:
            self._answer(request)
        elif len(self._waiting) < PIPELINE_MAX:
            self._waiting.append(request)
        else:
            self.abort()

    def _answer(self, request: Request) -> None:
        coroutine = self._respond(request, self)
        if coroutine is not None:
            self._task = asyncio.get_running_loop().create_task(coroutine)
            self._task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            self.abort()
            raise error
        while self._waiting and self._task is None and not self.transport.is_closing():
            self._answer(self._waiting.popleft())

    # what players need
    async def send(self, part: bytes) -> None:
        """Write and wait while the client reads too slowly; raises `ConnectionError` when it is gone."""
        if self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(part)
        if not self._writable.is_set():
            await self._writable.wait()

    def abort(self) -> None:
        """Break the connection at once (RST, if the kernel has unread bytes)."""
        with contextlib.suppress(AttributeError):
            self.transport.abort()


class _TooMuchError(Exception):
    """The request is larger than this server takes."""
