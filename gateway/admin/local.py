"""`<folder>/admin.sock`: the owner takes commands from users of this machine, without a key.

Trust: the socket is 0600, and the kernel says who connects; only the owner's own user and root are heard. The actor in
the book is `local:<uid>`. A socket's path may have 107 bytes only, so a long one goes through the folder's descriptor.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ..head import BoundedProtocol, BoundedState, HeadLimits

LOCAL = "tollhouse.local"
"""Member of the scope that only this listener sets: `local:<uid>`, taken from the kernel."""
_PATH_BYTES_MAX = 100
_UCRED = struct.Struct("3i")


class _Peer(BoundedProtocol):
    """A connection from this machine; the client's address is replaced by what the kernel says of its user."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        uid = _uid(transport)
        super().connection_made(transport)
        if uid not in (0, os.geteuid()):
            cast("asyncio.Transport", transport).abort()
        self.client = ("local", uid)


def _uid(transport: asyncio.BaseTransport) -> int:
    sock = transport.get_extra_info("socket")
    _, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return int(uid)


class _Named:
    """Writes into the scope who the kernel says is speaking; no request can set this by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, LOCAL: f"local:{scope['client'][1]}"}, receive, send)


@contextlib.contextmanager
def short(path: Path) -> Iterator[str]:
    """Give a path to a socket that is short enough for `bind` and `connect`, while the context lasts."""
    if len(os.fsencode(path)) <= _PATH_BYTES_MAX:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def bind_local(path: Path) -> socket.socket:
    """Make the socket, for the owner of the folder. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The folder's lock is ours, so a socket that lies here is a dead owner's.
        _remove(path)
        before = os.umask(0o177)
        try:
            with short(path) as name:
                sock.bind(name)
        finally:
            os.umask(before)
    except OSError:
        sock.close()
        raise
    return sock


@contextlib.asynccontextmanager
async def serve_local(
    app: ASGIApp, path: Path, *, bound: socket.socket | None = None, shutdown_grace_s: float = 5.0
) -> AsyncIterator[None]:
    """Serve the admin application on a unix socket while entered. Raises OSError if it cannot be made.

    `bound` is that socket if several processes share it: then whoever bound it removes it.
    """
    config = uvicorn.Config(
        cast("Any", _Named(app)),
        http=_Peer,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    config.load()
    state = BoundedState(HeadLimits(connections_max=64))
    loop = asyncio.get_running_loop()
    sock = bind_local(path) if bound is None else bound
    try:
        server = await loop.create_unix_server(
            lambda: _Peer(config=config, server_state=state, app_state={}), sock=sock, backlog=16
        )
    except BaseException:
        sock.close()
        raise
    try:
        yield
    finally:
        if bound is None:
            _remove(path)
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=shutdown_grace_s)
        await server.wait_closed()
