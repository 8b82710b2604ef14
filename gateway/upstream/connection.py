"""One HTTP/1.1 connection (RFC 9112): one request, then its reply, then the next, never two at a time.

    idle ──exchange──▶ send ──written──▶ first_byte ──head──▶ body ──last byte──▶ idle
      │ anything arrives, end of keep-alive          any ──time out, broken reply, abort──▶ closed
      └──▶ closed

Cross-talk is a breach of data, so a connection is used again only if its reply ended exactly where the bytes ended, the
whole request had left, and nothing waits in the socket when the next request is about to be written.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

from ..outbox import Gathering, Outbox
from .alarm import NEVER_S, Alarm
from .exchange import Exchange, body_failure
from .failure import Phase, Source, UpstreamFailure
from .interface import DEFAULT_TIMEOUTS, Timeouts
from .wire import Origin

_PIECE_BYTES = 256 * 1024
_FINAL_STATUS = 200
_SWITCHING = 101
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


@dataclass(frozen=True, slots=True)
class HeadBounds:
    """What a reply's head may hold, interim replies (1xx) included; sizes in bytes."""

    head_bytes_max: int = 64 * 1024
    headers_max: int = 128


class _BrokenReply(Exception):
    """The reply is none that may be read."""


class Connection(asyncio.Protocol):
    """Made by the pool. `on_served` is told of each reply, `on_idle` when it is free again, `on_lost` of its end."""

    __slots__ = (
        "_alarm", "_bounds", "_drained", "_ended", "_exchange", "_framed", "_head_bytes", "_headers", "_in_head",
        "_keep", "_loop", "_on_idle", "_on_lost", "_on_served", "_outbox", "_parser", "_paused", "_phase", "_socket",
        "_timeouts", "_total_at_s", "_transport", "closed", "idle_since_s", "origin", "served",
    )  # fmt: skip
    _framed: bool
    _headers: list[tuple[bytes, bytes]]

    def __init__(
        self,
        origin: Origin,
        sock: socket.socket,
        bounds: HeadBounds,
        outbox: Outbox,
        *,
        on_served: Callable[[Connection], None],
        on_idle: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.origin = origin
        self._socket = sock
        self._bounds = bounds
        self._outbox = outbox
        self._on_served = on_served
        self._on_idle = on_idle
        self._on_lost = on_lost
        self._parser = httptools.HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._phase: Phase = "connect"
        self._alarm = Alarm(self._loop, self._too_late)
        self._total_at_s = NEVER_S
        self._timeouts = DEFAULT_TIMEOUTS
        self._drained: asyncio.Future[None] | None = None
        self._paused = False
        self._new_head()
        self.closed = False
        self.served = 0
        self.idle_since_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", Gathering(transport, self._outbox))

    # The request.

    def is_usable(self) -> bool:
        """Whether nothing waits in the socket: neither its end nor bytes that nobody asked for."""
        if self.closed or self._transport.is_closing():
            return False
        try:
            waiting = self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return self.origin.tls and bool(waiting)  # new session tickets are the encryption's own

    async def send(self, head: bytes, body: bytes, timeouts: Timeouts, total_at_s: float) -> Exchange:
        """Write a request and wait for its reply's head; raises `UpstreamFailure`. Cancelling closes the connection."""
        if self.closed:
            raise UpstreamFailure("reset", source="network", phase="connect", sent=False, retryable=True)
        exchange = self._exchange = Exchange(self)
        self._timeouts = timeouts
        self._total_at_s = total_at_s
        head = b"%b%d\r\n\r\n" % (head, len(body))
        if len(body) <= _PIECE_BYTES:
            self._transport.write(head + body)
        else:
            await self._write(exchange, head, body)
        if self._phase != "body":
            self._phase = "first_byte"
            self._due(self._loop.time() + timeouts.first_byte_s)
        await exchange.head()
        return exchange

    async def _write(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Write piece by piece, until all is written, a reply comes early, or the connection is lost."""
        self._phase = "send"
        self._due(NEVER_S)
        view = memoryview(body)
        pieces: list[bytes | memoryview] = [
            head,
            *(view[at : at + _PIECE_BYTES] for at in range(0, len(view), _PIECE_BYTES)),
        ]
        for piece in pieces:
            self._transport.write(piece)
            if self._drained is not None:
                try:
                    await self._drained
                except asyncio.CancelledError:
                    exchange.abort()
                    raise
            if self.closed or exchange.status:
                self._keep = False  # a request that did not leave whole
                return

    def pause_writing(self) -> None:
        """Note that the socket is full."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let the writer go on: the socket takes more."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # The reply.

    def data_received(self, data: bytes) -> None:
        """Parse; whatever breaks a rule ends the connection."""
        exchange = self._exchange
        if exchange is None:
            self.abort()
            return
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
            if self._in_head and self._head_bytes > self._bounds.head_bytes_max:
                raise _BrokenReply  # noqa: TRY301 - one place decides what a broken reply means
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, _BrokenReply):
            self._keep = False
            if not self._ended:
                self._break("protocol")
                return
        if self._ended:
            self._finish(exchange)
        elif self._phase == "body":
            exchange.wake()
            if not self._paused:
                self._due(self._loop.time() + self._timeouts.idle_s)

    def on_message_begin(self) -> None:
        """Refuse a second reply to one request."""
        if self._ended:
            raise _BrokenReply

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header within the bounds; drop trailers."""
        if not self._in_head:
            return
        name = name.lower()
        self._headers.append((name, value))
        if len(self._headers) > self._bounds.headers_max:
            raise _BrokenReply
        if name in _FRAMING:
            if self._framed:
                raise _BrokenReply  # two lengths: two readers would not agree on the end
            self._framed = True

    def on_headers_complete(self) -> None:
        """Let the head be read, unless it is an interim one."""
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            raise _BrokenReply
        most = self._bounds.head_bytes_max
        if self._head_bytes > most and sum(len(name) + len(value) + 4 for name, value in self._headers) > most:
            raise _BrokenReply
        if status < _FINAL_STATUS:
            return
        self._in_head = False
        if self._phase == "send":
            self._keep = False
            self.resume_writing()
        self._phase = "body"
        if self._exchange is not None:
            self._exchange.begin(status, self._headers)

    def on_body(self, body: bytes) -> None:
        """Pass a piece on."""
        if self._exchange is not None:
            self._exchange.take(body)

    def on_message_complete(self) -> None:
        """Note the end; what follows an interim head is the reply."""
        if self._in_head:
            self._headers = []
            self._framed = False
            return
        self._ended = True
        self._keep = self._keep and bool(self._parser.should_keep_alive())

    def _finish(self, exchange: Exchange) -> None:
        """Give the reply its end, and the connection back."""
        self._exchange = None
        self._alarm.at_s = NEVER_S
        keep = self._keep and not self._transport.is_closing()
        self._new_head()
        self.served += 1
        self._on_served(self)
        self._phase = "connect"
        if keep:
            if self._paused:
                self.resume()
            self.idle_since_s = self._loop.time()
            self._on_idle(self)
        else:
            self.abort()
        exchange.end()

    def _new_head(self) -> None:
        self._headers = []
        self._head_bytes = 0
        self._in_head = True
        self._framed = False  # without a length or chunks the body ends with the connection
        self._ended = False
        self._keep = True

    # Its end.

    def connection_lost(self, exc: Exception | None) -> None:
        """End the reply that only the connection's end ends; any other is cut."""
        exchange = self._exchange
        if exchange is not None:
            if self._phase == "body" and not self._framed and exc is None:
                self._keep = False
                self._finish(exchange)
            elif self._phase == "body" and exc is None:
                self._fail(body_failure("cut", "upstream", retryable=True))
            else:
                self._break("reset")
        self._gone()

    @property
    def transport(self) -> asyncio.Transport:
        """The transport under it."""
        return self._transport

    def close(self) -> None:
        """Close now; a reply that is still read fails."""
        if self._exchange is not None:
            self._break("reset")
        else:
            self.abort()

    def abort(self) -> None:
        """Close now, whatever was to come."""
        self._exchange = None
        if not self.closed:
            self._transport.abort()
            self._gone()

    def _gone(self) -> None:
        if self.closed:
            return
        self.closed = True
        self._alarm.cancel()
        self.resume_writing()
        self._on_lost(self)

    def _break(self, cause: str) -> None:
        """Fail with a cause that is the network's, but for `protocol`."""
        source: Source = "upstream" if cause == "protocol" else "network"
        retryable = cause != "deadline"
        self._fail(UpstreamFailure(cause, source=source, phase=self._phase, sent=True, retryable=retryable))

    def _fail(self, failure: UpstreamFailure) -> None:
        exchange = self._exchange
        self.abort()
        if exchange is not None:
            exchange.fail(failure)

    def pause(self) -> None:
        """Take no more from the socket; silence is our own doing now, so only the deadline counts."""
        self._paused = True
        self._transport.pause_reading()
        self._due(NEVER_S)

    def resume(self) -> None:
        """Take more."""
        self._paused = False
        if not self._transport.is_closing():
            self._transport.resume_reading()
            if self._exchange is not None:
                self._due(self._loop.time() + self._timeouts.idle_s)

    # Its clock.

    def _due(self, at_s: float) -> None:
        self._alarm.move(min(at_s, self._total_at_s))

    def _too_late(self) -> None:
        if self._alarm.at_s >= self._total_at_s:
            self._break("deadline")
        else:
            self._break("idle_timeout" if self._phase == "body" else "first_byte_timeout")
