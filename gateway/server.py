"""The HTTP server: uvicorn on uvloop with the bounded protocol of `head`; process (`serve`) or a guest (`running`)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import uvicorn
from uvicorn.server import HANDLED_SIGNALS

from .head import BoundedProtocol, BoundedState, HeadLimits

_YOUNG_MAX = 100_000  # objects made and not yet let go of before the collector looks


class BoundedServer(uvicorn.Server):
    """A uvicorn server for one ASGI application; `refused` counts by status what was refused before the application."""

    def __init__(self, app: Any, *, limits: HeadLimits | None = None, shutdown_grace_s: float = 30.0) -> None:
        limits = limits or HeadLimits()
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                loop="uvloop",
                ws="none",
                lifespan="on",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=cast("int", limits.keep_alive_s),
                timeout_graceful_shutdown=cast("int", shutdown_grace_s),
            )
        )
        self.server_state = self.state = BoundedState(limits)

    @property
    def refused(self) -> Counter[int]:
        """Refusals by status since the start."""
        return self.state.refused

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Own the process and serve. Collecting garbage with Python's defaults was a tenth of a call's CPU time.

        So what start-up made is left out of it, and cycles, of which calls leave few, are looked for seldom.
        """
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_MAX, 20, 50)
        super().run(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGINT and SIGTERM begin the shutdown; unlike uvicorn's own, do not raise them again afterwards.

        So `serve` returns, its caller closes what it opened, and the process ends with status 0.
        """
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int, *, backlog: int = 2048) -> socket.socket:
    """Bind and listen on the first address of `host`; port 0 takes any free one. Raises `OSError`."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(backlog)
    except OSError:
        sock.close()
        raise
    return sock


def serve(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 4000,
    sockets: Sequence[socket.socket] | None = None,
    limits: HeadLimits | None = None,
    shutdown_grace_s: float = 30.0,
) -> None:
    """Serve until SIGINT or SIGTERM, then let calls end for `shutdown_grace_s`, cancel the rest, and return.

    `sockets` (listening, or inherited: `socket.socket(fileno=fd)`) replace host and port. Raises `OSError` if it cannot
    bind, `SystemExit` if the application's start-up fails.
    """
    server = BoundedServer(app, limits=limits, shutdown_grace_s=shutdown_grace_s)
    server.run(list(sockets) if sockets else [listen(host, port)])


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs beside its caller."""

    server: BoundedServer
    host: str
    port: int

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@contextlib.asynccontextmanager
async def running(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    bound: socket.socket | None = None,
    limits: HeadLimits | None = None,
    shutdown_grace_s: float = 5.0,
) -> AsyncIterator[Running]:
    """Serve in the running loop while entered, at host and port or on a socket that listens; signals are left alone."""
    server = BoundedServer(app, limits=limits, shutdown_grace_s=shutdown_grace_s)
    sock = listen(host, port) if bound is None else bound
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    try:
        await server.startup([sock])
        await server.on_tick(0)
    except BaseException:
        sock.close()
        raise
    ticking = asyncio.get_running_loop().create_task(server.main_loop())
    try:
        yield Running(server, host, sock.getsockname()[1])
    finally:
        ticking.cancel()
        await server.shutdown([sock])
