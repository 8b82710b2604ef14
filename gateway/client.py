"""The client's side of a call: its body in, our answer out, over ASGI's `receive` and `send`.

uvicorn's `receive` returns `http.disconnect` both when the client leaves and when our answer is complete, so one wait
after the body serves as the watch for a leaving client. Once it left, writing does nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

from .errors import ClientLeft, InvalidRequest, RequestTooLarge
from .line import EXTENSION, Line

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

_LINGER_S = 1.0


class Client:
    """One request's connection. Headers are lower-case names; of repeated ones the last counts.

    `unread` says that (part of) a body may still be coming; then only the end of the connection stops it.
    """

    __slots__ = (
        "_body_read",
        "_line",
        "_receive",
        "_send",
        "_waits",
        "answered",
        "headers",
        "left",
        "started",
        "unread",
    )

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self._line: Line | None = scope["extensions"].get(EXTENSION) if "extensions" in scope else None
        self._receive = receive
        self._send = send
        self._body_read = False
        self._waits: asyncio.Future[None] | None = None
        self.unread = "content-length" in self.headers or "transfer-encoding" in self.headers
        self.started = False
        self.answered = False
        self.left = False

    def body_now(self, *, bytes_max: int) -> bytes | None:
        """Return the whole body if it is here, None if some of it must be waited for; refuse one that is too large."""
        declared = self.headers.get("content-length")
        if declared is not None and declared.isdigit() and int(declared) > bytes_max:
            raise _too_large(int(declared), bytes_max)
        body = self._line.body() if self._line is not None else None
        return None if body is None else self._whole(body, bytes_max)

    async def body(self, *, bytes_max: int, read_s_max: float) -> bytes:
        """Return the whole body, or refuse one that is too large (bytes) or too slow (seconds)."""
        body = self.body_now(bytes_max=bytes_max)
        if body is not None:
            return body
        message = await self._next(read_s_max)
        if not message.get("more_body"):
            return self._whole(message.get("body", b""), bytes_max)
        pieces = [message.get("body", b"")]
        size = len(pieces[0])
        ends_at = asyncio.get_running_loop().time() + read_s_max
        while message.get("more_body"):
            message = await self._next(ends_at - asyncio.get_running_loop().time())
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            if size > bytes_max:
                raise _too_large(size, bytes_max)
        self.unread = False
        self._done()
        return b"".join(pieces)

    async def _next(self, wait_s: float) -> Message:
        try:
            async with asyncio.timeout(wait_s):
                message = await self._receive()
        except TimeoutError:
            raise InvalidRequest("the body did not arrive in time; send it faster or in smaller calls") from None
        if message["type"] == "http.disconnect":
            self.left = True
            self._done()
            raise ClientLeft("the client left while sending its body")
        return message

    def _whole(self, body: bytes, bytes_max: int) -> bytes:
        self.unread = False
        self._done()
        if len(body) > bytes_max:
            raise _too_large(len(body), bytes_max)
        return body

    def _done(self) -> None:
        self._body_read = True
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    def watch(self, leave: Callable[[], None]) -> None:
        """Call `leave` when the client leaves before its whole answer; for a request that `begin` took."""
        assert self._line is not None  # noqa: S101 - who asks `begin` makes a line

        def lost() -> None:
            if not self.answered:
                self.left = True
                leave()

        self._line.lost = lost

    def let_go(self) -> None:
        """Let go of a request that `begin` took: nothing more is written."""
        if self._line is not None:
            self._line.end()

    async def gone(self) -> None:
        """Wait until the client has left or has its whole answer; the body must have been read or given up before."""
        if not self._body_read:
            self._waits = asyncio.get_running_loop().create_future()
            await self._waits
        while not self.answered and not self.left:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.left = not self.answered
                return

    def answer_now(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        """Send a whole answer, its length added, if that needs no waiting; False if it does."""
        if self._line is None or self.left or self.unread or not self._line.answer(status, headers, body):
            return False
        self.started = self.answered = True
        self._done()
        return True

    async def answer(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Send a whole answer, its length added; one before the body's end also ends the connection, a moment later."""
        if not self.left and not self.answer_now(status, headers, body):
            self.started = self.answered = True
            await self._answer(status, headers, body)
        self._done()

    async def _answer(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self.unread:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
            await self._linger()
            body = b""
        await self._send({"type": "http.response.body", "body": body})

    async def _linger(self) -> None:
        """Throw away what still comes, for a moment: closing at once sends a reset that may overtake the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                message = await self._receive()
                while message.get("more_body"):
                    message = await self._receive()

    async def begin(self, status: int, headers: Iterable[Header]) -> None:
        """Send the head of a stream."""
        if not self.left:
            self.started = True
            await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def write(self, piece: bytes) -> None:
        """Send a piece of a stream; waits while the client's socket is full."""
        if not self.left:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self, piece: bytes = b"") -> None:
        """Send the last piece of a stream."""
        if not self.left:
            self.answered = True
            await self._send({"type": "http.response.body", "body": piece})


def _too_large(size: int, bytes_max: int) -> RequestTooLarge:
    return RequestTooLarge(
        f"the body is {size} bytes or more; at most {bytes_max} are taken (bounds.body_bytes_max)",
        limit=bytes_max,
        actual=size,
    )
