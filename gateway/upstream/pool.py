"""The `Upstream` on connections of our own: kept alive, bounded in number, never shared by two requests at a time.

A request is written once. Only where no provider can have taken it is it written again: the connection was found dead
before the first byte, or an old one died while the body was still leaving. Callers for whom there is no room wait, by
turns of their lanes (`turns.py`); a connection that becomes idle, or is closed, lets the next of them go on.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Self

from ..outbox import Outbox
from .connection import Connection, HeadBounds
from .dial import Dial
from .egress import Egress
from .exchange import Exchange
from .failure import UpstreamFailure
from .interface import UpstreamRequest
from .turns import Turn, Turns
from .wire import Origin, head_of, origin_of

_HEADS_MAX = 1_024
_CLOSE_TURNS = 3


class PoolUpstream:
    """An `Upstream`; make it anywhere, it opens its first connection with the first send.

    `connections_max` bounds connections in all, `connections_per_host_max` those to one origin (0: no own bound);
    `keep_alive_s` should be shorter than the provider's own, so that a connection is rarely closed under a request.
    `authorities` is a file of certificates to trust besides the system's; `tls` replaces all of it, sessions included.
    """

    def __init__(
        self,
        *,
        egress: Egress | None = None,
        connections_max: int = 1_000,
        connections_per_host_max: int = 0,
        keep_alive_s: float = 15.0,
        bounds: HeadBounds | None = None,
        dns_ttl_s: float = 30.0,
        tls: ssl.SSLContext | None = None,
        authorities: str | None = None,
    ) -> None:
        self._dial = Dial(egress or Egress(), tls=tls, authorities=authorities, dns_ttl_s=dns_ttl_s)
        self._connections_max = connections_max
        self._per_host_max = connections_per_host_max or connections_max
        self._keep_alive_s = keep_alive_s
        self._bounds = bounds or HeadBounds()
        self._outbox = Outbox()
        self._heads: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[Origin, bytes]] = {}
        self._idle: dict[Origin, list[Connection]] = {}  # the most recently used last, and first to be used again
        self._open: dict[Origin, int] = {}  # those that are being opened, too
        self._size = 0
        self._all: set[Connection] = set()
        self._waiting = Turns()
        self._sweep: asyncio.TimerHandle | None = None

    async def send(self, request: UpstreamRequest) -> Exchange:
        """See `Upstream.send`."""
        origin, head = self._place(request)
        timeouts = request.timeouts
        began_s = asyncio.get_running_loop().time()
        connection = self._take(origin) if not self._waiting else None
        while True:
            if connection is None:
                connection = await self._connection(origin, request.lane, min(timeouts.connect_s, timeouts.total_s))
            reused = connection.served > 0
            try:
                return await connection.send(head, request.body, timeouts, began_s + timeouts.total_s)
            except UpstreamFailure as failure:
                if not (reused and failure.phase == "send" and failure.cause == "reset"):
                    raise
                connection = None

    def _place(self, request: UpstreamRequest) -> tuple[Origin, bytes]:
        """Return where the request goes and its head; both are kept, for most requests differ in the body only."""
        key = (request.method, request.url, tuple(request.headers))
        known = self._heads.get(key)
        if known is None:
            try:
                known = origin_of(request.url), head_of(request.method, request.url, request.headers)
            except ValueError as error:
                raise UpstreamFailure(
                    "bad_request", source="us", phase="connect", sent=False, retryable=False
                ) from error
            if len(self._heads) >= _HEADS_MAX:
                self._heads.clear()
            self._heads[key] = known
        return known

    def _take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that lives; close those that do not."""
        idle = self._idle.get(origin)
        oldest_s = asyncio.get_running_loop().time() - self._keep_alive_s
        while idle:
            connection = idle.pop()
            if connection.idle_since_s > oldest_s and connection.is_usable():
                return connection
            connection.abort()
        return None

    async def _connection(self, origin: Origin, lane: str, connect_s: float) -> Connection:
        """Return a connection, after waiting for one's turn if there is no room or others wait already."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + connect_s
        first = True
        while True:
            if not (first and self._waiting):
                connection = self._take(origin)
                if connection is not None:
                    return connection
                if self._has_room(origin):
                    return await self._opened(origin, until_s - loop.time())
            await self._wait(Turn(lane, origin, loop.create_future()), until_s - loop.time(), first=first)
            first = False

    def _has_room(self, origin: Origin) -> bool:
        """Whether one more may be opened; an idle connection to elsewhere would give up its place."""
        if self._open.get(origin, 0) >= self._per_host_max:
            return False
        return self._size < self._connections_max or self._elsewhere(origin) is not None

    def _elsewhere(self, origin: Origin) -> Connection | None:
        return next((idle[0] for other, idle in self._idle.items() if idle and other != origin), None)

    async def _wait(self, turn: Turn, wait_s: float, *, first: bool) -> None:
        """Wait for one's turn; who has had it in vain stays the first."""
        self._waiting.add(turn, again=not first)
        try:
            async with asyncio.timeout(wait_s):
                await turn.future
        except BaseException as error:
            if not self._waiting.leave(turn):
                self._next()  # it was our turn: pass it on
            if isinstance(error, TimeoutError):
                raise UpstreamFailure(
                    "connect_timeout", source="network", phase="connect", sent=False, retryable=True
                ) from error
            raise

    def _next(self) -> None:
        """Let the next that can go on go on; who has been cancelled meanwhile does not."""
        while (turn := self._waiting.take(self._can_go)) is not None:
            if not turn.future.done():
                turn.future.set_result(None)
                return

    def _can_go(self, origin: Origin) -> bool:
        return bool(self._idle.get(origin)) or self._has_room(origin)

    async def _opened(self, origin: Origin, connect_s: float) -> Connection:
        self._size += 1
        self._open[origin] = self._open.get(origin, 0) + 1
        if self._size > self._connections_max:
            elsewhere = self._elsewhere(origin)
            assert elsewhere is not None  # noqa: S101 - there was room
            elsewhere.abort()
        try:
            connection = await self._dial.open(
                origin,
                lambda sock: Connection(
                    origin,
                    sock,
                    self._bounds,
                    self._outbox,
                    on_served=self._on_served,
                    on_idle=self._on_idle,
                    on_lost=self._on_lost,
                ),
                connect_s,
            )
        except BaseException:
            self._close_one(origin)
            raise
        if connection.closed:
            self._close_one(origin)  # lost before anyone asked; `Connection.send` says so
        else:
            self._all.add(connection)
        return connection

    def _on_served(self, connection: Connection) -> None:
        if connection.served == 1:
            self._dial.ended(connection.origin, connection.transport)

    def _on_idle(self, connection: Connection) -> None:
        self._idle.setdefault(connection.origin, []).append(connection)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self._keep_alive_s, self._close_old)
        if self._waiting:
            self._next()

    def _on_lost(self, connection: Connection) -> None:
        if connection in self._all:
            self._all.remove(connection)
            idle = self._idle.get(connection.origin)
            if idle and connection in idle:
                idle.remove(connection)
            self._close_one(connection.origin)

    def _close_one(self, origin: Origin) -> None:
        self._size -= 1
        self._open[origin] -= 1
        if not self._open[origin]:
            del self._open[origin]
            self._idle.pop(origin, None)
        if self._waiting:
            self._next()

    def _close_old(self) -> None:
        """Close what has been idle for too long."""
        loop = asyncio.get_running_loop()
        self._sweep = None
        oldest_s = loop.time() - self._keep_alive_s
        for idle in list(self._idle.values()):
            for connection in [each for each in idle if each.idle_since_s <= oldest_s]:
                connection.abort()
        if any(self._idle.values()):
            self._sweep = loop.call_later(self._keep_alive_s / 2, self._close_old)

    async def close(self) -> None:
        """See `Upstream.close`."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for connection in list(self._all):
            connection.close()
        for _ in range(_CLOSE_TURNS):
            await asyncio.sleep(0)  # the loop closes the sockets in its next turns

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
