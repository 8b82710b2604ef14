"""One connection to Redis that pipelines by itself: what is asked in one turn of the loop leaves in one write.

    asked ──▶ queued ──(end of the turn)──▶ written ──▶ answered, in order
                 └───────── the connection is lost, or the oldest waits longer than `reply_s_max`: Lost

RESP3, read by `hiredis.Reader`, so messages of subscriptions come over the same connection. Nothing is sent twice: who
asked is told that the answer was lost, and knows whether asking again is harmless.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import hiredis
import msgspec

NOTHING = object()
Taker = Callable[[Any], None]
"""Takes a reply: what Redis said, a `hiredis.ReplyError`, or `Lost`."""


class Lost(Exception):
    """No answer: the connection broke, was too slow or has too much to do already."""


class Address(msgspec.Struct, frozen=True):
    """Where a Redis is: `redis://[user[:password]@]host[:port][/database]`, `rediss://` for TLS, `unix:///path`."""

    host: str
    port: int
    database: int = 0
    user: str = ""
    password: str = ""
    tls: bool = False
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Read a URL; ValueError says what does not fit, without the password."""
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme == "unix":
            return cls("", 0, 0, user, password, path=parts.path)
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError("a Redis address is redis://[user:password@]host[:port][/database], rediss:// or unix://")
        database = parts.path.strip("/") or "0"
        if not database.isdigit():
            raise ValueError(f"a Redis database is a number, not {database!r}")
        return cls(parts.hostname, parts.port or 6379, int(database), user, password, parts.scheme == "rediss")


def packed(*words: bytes | str | int) -> bytes:
    """Return one command as it is sent."""
    made: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]
    return made


class Wire(asyncio.Protocol):
    """See the module. For one event loop; made by `connect`."""

    def __init__(
        self, heard: Callable[[list[Any]], None], lost: Callable[[], None], *, pending_max: int, reply_s_max: float
    ) -> None:
        self._heard = heard
        self._lost = lost
        self._max = pending_max
        self._reply_s_max = reply_s_max
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=NOTHING)
        self._waiting: deque[asyncio.Future[Any] | Taker] = deque()
        self._queue: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._answered = 0
        self._seen = (0, 0)
        self._watch: asyncio.TimerHandle | None = None
        self.closed = False

    @classmethod
    async def connect(
        cls,
        address: Address,
        heard: Callable[[list[Any]], None],
        lost: Callable[[], None],
        *,
        pending_max: int = 20_000,
        reply_s_max: float = 2.0,
    ) -> "Wire":
        """Connect and say hello; Lost if that does not work in `reply_s_max`."""
        loop = asyncio.get_running_loop()
        wire = cls(heard, lost, pending_max=pending_max, reply_s_max=reply_s_max)
        try:
            async with asyncio.timeout(reply_s_max):
                if address.path:
                    await loop.create_unix_connection(lambda: wire, address.path)
                else:
                    tls = ssl.create_default_context() if address.tls else None
                    await loop.create_connection(lambda: wire, address.host, address.port, ssl=tls)
                hello: tuple[bytes | str | int, ...] = ("HELLO", 3)
                if address.password:
                    hello += ("AUTH", address.user or "default", address.password)
                await wire.must(packed(*hello))
                if address.database:
                    await wire.must(packed("SELECT", address.database))
        except (OSError, TimeoutError, hiredis.ReplyError) as error:
            wire.close()
            raise Lost(f"Redis cannot be reached: {type(error).__name__} {error}".strip()) from error
        except BaseException:
            wire.close()
            raise
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport  # type: ignore[assignment]
        if self.closed:
            transport.close()
            return
        self._watch = self._loop.call_later(self._reply_s_max / 4, self._look)

    def send(self, command: bytes, taker: asyncio.Future[Any] | Taker) -> None:
        """Queue a command; Lost if the connection is gone or `pending_max` are waiting already."""
        if self.closed or len(self._waiting) >= self._max:
            raise Lost("the connection to Redis is lost" if self.closed else "too much is waiting for Redis")
        queue = self._queue
        if not queue:
            self._loop.call_soon(self._flush)
        queue.append(command)
        self._waiting.append(taker)

    def ask(self, command: bytes) -> "asyncio.Future[Any]":
        """Send a command; the reply may be a `hiredis.ReplyError`. Raises Lost, here or when awaited."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self.send(command, future)
        return future

    def tell(self, command: bytes) -> None:
        """Send a command that is answered by messages only, such as SUBSCRIBE; dropped if the connection is gone."""
        if not self.closed:
            self._loop.call_soon(self._flush)
            self._queue.append(command)

    async def must(self, command: bytes) -> Any:
        """Send a command and return its reply; raises the ReplyError that Redis answers with, or Lost."""
        reply = await self.ask(command)
        if isinstance(reply, hiredis.ReplyError):
            raise reply
        return reply

    def _flush(self) -> None:
        queue, self._queue = self._queue, []
        assert self._transport is not None  # noqa: S101 - nothing is asked before there is a connection
        self._transport.write(b"".join(queue))

    def data_received(self, data: bytes) -> None:
        """Hand every reply to who waits for it, and every message to who listens."""
        next_reply, next_taker, future = self._reader.gets, self._waiting.popleft, asyncio.Future
        try:
            self._reader.feed(data)
            while (reply := next_reply()) is not NOTHING:
                kind = type(reply)
                if kind is not int and kind is not bytes and isinstance(reply, hiredis.PushNotification):
                    self._heard(reply)
                    continue
                taker = next_taker()
                self._answered += 1
                if isinstance(taker, future):
                    if not taker.done():
                        taker.set_result(reply)
                else:
                    taker(reply)
        except (hiredis.ProtocolError, IndexError):
            self.close()

    def _look(self) -> None:
        """Give the connection up if the oldest command has waited through four looks."""
        self._watch = self._loop.call_later(self._reply_s_max / 4, self._look)
        answered, looks = self._seen
        stuck = bool(self._waiting) and answered == self._answered
        self._seen = (self._answered, looks + 1 if stuck else 0)
        if stuck and looks >= 4:  # noqa: PLR2004 - a quarter of the time each
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what happened is the same to all
        """Tell everyone who waits."""
        self.close()

    def close(self) -> None:
        """Close; whoever waits is told Lost."""
        if self.closed:
            return
        self.closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
        waiting, self._waiting = self._waiting, deque()
        lost = Lost("the connection to Redis was lost before it answered")
        for taker in waiting:
            if not isinstance(taker, asyncio.Future):
                taker(lost)
            elif not taker.done():
                taker.set_exception(lost)
        self._lost()
