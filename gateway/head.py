"""One client connection: uvicorn's httptools protocol with bounds on all a stranger can send before any key is read.

httptools alone has no limits: 80 MB of headers were taken, half-sent ones kept a connection for ever, and uvicorn adds
trailers to the header list while the application reads it. Here the head is bounded in bytes, fields and time, trailers
are dropped, and whatever two servers could read in two ways is refused: Content-Length with Transfer-Encoding, codings
other than `chunked`, folded lines, a second Host. A refusal is a bare 4xx and the end of the connection; it is counted
in `BoundedState.refused`, not logged, so that a flood fills no disk.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from .line import EXTENSION, Line
from .outbox import Gathering, Outbox

CHUNK_FRAME_BYTES = 32  # a chunk's size line and line ends, generously; what is beyond counts as extension or trailer


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """What a connection may send and hold; sizes in bytes, times in seconds."""

    header_bytes_max: int = 32 * 1024
    headers_max: int = 100
    url_bytes_max: int = 8 * 1024
    head_s_max: float = 10.0
    keep_alive_s: float = 75.0
    connections_max: int = 10_000
    pipelined_max: int = 16
    linger_s: float = 1.0


class HeadRefusedError(Exception):
    """The head of a request breaks a rule; `status` is the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class BoundedProtocol(HttpToolsProtocol):
    """One connection. States: head (being received), body, deaf (refused: what still comes is thrown away)."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        state = cast("BoundedState", server_state)
        self._limits = state.limits
        self._refused = state.refused
        self._outbox = state.outbox
        self._begin = getattr(config.loaded_app, "begin", None)
        self._head_bytes = 0
        self._feed_bytes = 0
        self._in_head = True
        self._has_begun = False
        self._is_chunked = False
        self._frame_bytes = 0
        self._deaf = False
        self._raw_bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or answer 503 if there are too many."""
        super().connection_made(cast("asyncio.Transport", Gathering(transport, self._outbox)))
        if len(self.connections) > self._limits.connections_max:
            self._refuse(HeadRefusedError(503, "too many connections"))
        else:
            self._timer = self.loop.call_later(self._limits.head_s_max, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks, and tell the request that is not answered."""
        self._stop_timer()
        cycle = self.cycle
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        line = cast("Any", cycle.scope).get("extensions", {}).get(EXTENSION) if cycle is not None else None
        if line is not None and line.lost is not None and cycle.disconnected:
            line.lost()

    def data_received(self, data: bytes) -> None:
        """Parse within the bounds."""
        if self._deaf:
            self._raw_body(data)
            return
        self._unset_keepalive_if_required()
        self._feed_bytes = len(data)
        self._head_bytes += len(data)
        if self._is_chunked:
            self._frame_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if not isinstance(cause, HeadRefusedError):
                cause = HeadRefusedError(400, "not a valid HTTP request")
            self._refuse(cause)
            return
        except httptools.HttpParserUpgrade as upgrade:
            self._deaf = True  # answered as plain HTTP/1.1 with `connection: close`; only its body is read
            self._raw_body(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(HeadRefusedError(400, "not a valid HTTP request"))
            return
        if self._in_head:
            self._head_goes_on()
        elif self._is_chunked:
            self._frame_bytes = max(0, self._frame_bytes)
            if self._frame_bytes > 2 * self._limits.header_bytes_max:
                self._refuse(HeadRefusedError(400, "chunk extensions or trailers are too large"))

    def on_message_begin(self) -> None:
        """Start a head."""
        super().on_message_begin()
        self._has_begun = True

    def on_url(self, url: bytes) -> None:
        """Collect the request target, bounded."""
        super().on_url(url)
        if len(self.url) > self._limits.url_bytes_max:
            raise HeadRefusedError(414, f"the URL is longer than {self._limits.url_bytes_max} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; drop a trailer, which no one authorised."""
        if not self._in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > self._limits.headers_max:
            raise HeadRefusedError(431, f"there are more than {self._limits.headers_max} header fields")

    def on_headers_complete(self) -> None:
        """Judge the whole head, then let the application run."""
        self._stop_timer()
        self._judge()
        self._in_head = False
        self._frame_bytes = self._feed_bytes
        super().on_headers_complete()
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False
            self._raw_bytes = int(dict(self.headers).get(b"content-length", b"0"))
        if len(self.pipeline) > self._limits.pipelined_max:
            raise HeadRefusedError(400, "too many pipelined requests")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cycle.scope["extensions"] = cast("Any", {EXTENSION: Line(cycle)})
        if self._begin is None or not self._begin(cycle.scope, cycle.receive, cycle.send):
            super()._start_asgi_task(cycle, app)

    def on_chunk_header(self) -> None:
        """Allow this chunk its frame."""
        self._frame_bytes -= CHUNK_FRAME_BYTES

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        if self._is_chunked:
            self._frame_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the body; what follows is a new head."""
        if not self._raw_bytes:
            super().on_message_complete()
        self._in_head = True
        self._has_begun = False
        self._head_bytes = 0
        self._is_chunked = False

    def _raw_body(self, data: bytes) -> None:
        """Take the body of a request that offers an upgrade: the parser stops before it (Java's client sends h2c)."""
        if self._raw_bytes and data:
            piece = data[: self._raw_bytes]
            super().on_body(piece)
            self._raw_bytes -= len(piece)
            if not self._raw_bytes:
                super().on_message_complete()

    def _judge(self) -> None:
        limits = self._limits
        if self._head_bytes > limits.header_bytes_max or self._feed_bytes > limits.header_bytes_max:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > limits.header_bytes_max:
                raise HeadRefusedError(431, f"the header is larger than {limits.header_bytes_max} bytes")
        version = self.parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise HeadRefusedError(505, "the HTTP version is not supported")
        hosts = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding":
                if value.lower() != b"chunked" or version == "1.0":
                    raise HeadRefusedError(400, "the transfer coding is not supported")
                self._is_chunked = True
                if self.parser.should_upgrade():
                    raise HeadRefusedError(400, "an upgrade with a chunked body is not supported")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            raise HeadRefusedError(400, f"exactly one Host header is needed, there are {hosts}")
        if self.url[:1] != b"/" and not self.url.startswith((b"http://", b"https://")):
            raise HeadRefusedError(400, "the request target must be a path")

    def _head_goes_on(self) -> None:
        if self._head_bytes > self._limits.header_bytes_max + self._limits.url_bytes_max:
            self._refuse(HeadRefusedError(431, f"the header is larger than {self._limits.header_bytes_max} bytes"))
        elif self._timer is None and self._has_begun and self._is_idle():
            self._timer = self.loop.call_later(self._limits.head_s_max, self._head_is_late)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _head_is_late(self) -> None:
        self._timer = None
        if self._has_begun:
            self._refuse(HeadRefusedError(408, f"the header took longer than {self._limits.head_s_max:g} s"))
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, why: HeadRefusedError) -> None:
        """Answer and end the connection; in the middle of another answer only end it."""
        self._stop_timer()
        self._deaf = True
        self._raw_bytes = 0
        self._refused[why.status] += 1
        if self.transport.is_closing():
            return
        if not self._is_idle():
            self.transport.abort()
            return
        sentence = str(why).encode()
        self.transport.write(
            b"%bcontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (STATUS_LINE[why.status], len(sentence), sentence)
        )
        # Closing with unread bytes would send a reset that may overtake the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._timer = self.loop.call_later(self._limits.linger_s, self.transport.abort)
        else:
            self.transport.close()


class BoundedState(ServerState):
    """What all connections of one server share."""

    def __init__(self, limits: HeadLimits) -> None:
        super().__init__()
        self.limits = limits
        self.refused: Counter[int] = Counter()
        self.outbox = Outbox()
