"""One request's reply on a pooled connection: its head, and its body as it arrives, read by one caller.

    waiting ──head──▶ body ──end──▶ ended            any ──fail──▶ failed (what came before the failure is read first)

It outlives its hold on the connection, which is given back when the last byte was parsed, not when it was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol, Self

from .failure import Source, UpstreamFailure
from .inflate import Inflate, InflateError, InflateTooLargeError

READ_AHEAD_BYTES_MAX = 256 * 1024


class Line(Protocol):
    """The connection, as an exchange sees it."""

    def abort(self) -> None:
        """Close now."""
        ...

    def pause(self) -> None:
        """Take no more from the socket: enough is waiting to be read."""
        ...

    def resume(self) -> None:
        """Take more."""
        ...


class Exchange:
    """An `UpstreamReply`, once `head` has returned."""

    __slots__ = ("_ahead_bytes", "_ended", "_failure", "_line", "_paused", "_pieces", "_raw", "_waiter", "status")

    def __init__(self, line: Line) -> None:
        self.status = 0
        self._raw: list[tuple[bytes, bytes]] = []
        self._line: Line | None = line  # None once the connection is no more ours
        self._pieces: list[bytes] = []
        self._ahead_bytes = 0
        self._paused = False
        self._ended = False
        self._failure: UpstreamFailure | None = None
        self._waiter: asyncio.Future[None] | None = None

    # What the connection tells.

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the head; names are in lower case."""
        self.status = status
        self._raw = headers
        self._wake()

    def take(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._pieces.append(piece)
        self._ahead_bytes += len(piece)
        if self._ahead_bytes > READ_AHEAD_BYTES_MAX and not self._paused and self._line is not None:
            self._paused = True
            self._line.pause()

    def wake(self) -> None:
        """Let the reader have what came."""
        if self._pieces:
            self._wake()

    def end(self) -> None:
        """Take the body's end; the connection is given back by who calls this."""
        self._ended = True
        self._line = None
        self._wake()

    def fail(self, failure: UpstreamFailure) -> None:
        """Take a failure; the connection is closed by who calls this."""
        if not self._ended and self._failure is None:
            self._failure = failure
        self._line = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the caller asks.

    async def head(self) -> None:
        """Wait for the head; raises `UpstreamFailure`. Cancelling closes the connection."""
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._wait()

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Pairs, names in lower case."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._raw]

    def header(self, name: str) -> str | None:
        """See `UpstreamReply.header`."""
        wanted = name.encode("latin-1")
        for raw, value in self._raw:
            if raw == wanted:
                return value.decode("latin-1")
        return None

    async def read(self, size_bytes_max: int) -> bytes:
        """See `UpstreamReply.read`."""
        if self._ended and self._ahead_bytes <= size_bytes_max and self.header("content-encoding") is None:
            # Most plain replies are all there when their head is looked at.
            pieces, self._pieces, self._ahead_bytes = self._pieces, [], 0
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        parts = [part async for part in self.chunks(size_bytes_max)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def chunks(self, size_bytes_max: int) -> AsyncIterator[bytes]:
        """See `UpstreamReply.chunks`."""
        return _Chunks(self, size_bytes_max)

    def abort(self) -> None:
        """See `UpstreamReply.abort`."""
        line, self._line = self._line, None
        if line is not None:
            line.abort()

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._waiter = None

    async def more(self) -> bytes:
        """Return what has arrived since the last time, waiting for some; empty at the end; raises `UpstreamFailure`."""
        while not self._pieces:
            if self._ended:
                return b""
            if self._failure is not None:
                raise self._failure
            await self._wait()
        pieces, self._pieces = self._pieces, []
        self._ahead_bytes = 0
        if self._paused:
            self._paused = False
            if self._line is not None:
                self._line.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Chunks:
    """The body, unpacked, piece by piece, within its bound; closes the connection when anything is wrong with it."""

    __slots__ = ("_exchange", "_inflate", "_left")

    def __init__(self, exchange: Exchange, size_bytes_max: int) -> None:
        self._exchange = exchange
        self._left = size_bytes_max
        self._inflate: Inflate | None = None
        encoding = (exchange.header("content-encoding") or "").strip().lower()
        try:
            if encoding not in {"", "identity"}:
                self._inflate = Inflate(encoding, size_bytes_max)
            length = exchange.header("content-length")
            if length is not None and int(length) > size_bytes_max:
                raise InflateTooLargeError("the announced length is larger than its bound")
        except InflateError as error:
            raise self._broken(error) from error

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            while part := await self._exchange.more():
                self._left -= len(part)
                if self._left < 0:
                    raise InflateTooLargeError("the body is larger than its bound")
                if self._inflate is not None:
                    part = self._inflate.feed(part)
                if part:
                    return part
            if self._inflate is not None:
                self._inflate.finish()
        except InflateError as error:
            raise self._broken(error) from error
        raise StopAsyncIteration

    def _broken(self, error: InflateError) -> UpstreamFailure:
        self._exchange.abort()
        cause = "too_large" if isinstance(error, InflateTooLargeError) else "encoding"
        return body_failure(cause, "upstream", retryable=False)


def body_failure(cause: str, source: Source, *, retryable: bool) -> UpstreamFailure:
    """Return a failure after the reply had begun."""
    return UpstreamFailure(cause, source=source, phase="body", sent=True, retryable=retryable)
