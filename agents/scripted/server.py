"""A model provider that does what a script says, on loopback: real sockets, an exact bill, faults on demand.

`async with ScriptedServer(script) as server:` in a running loop, or `with ScriptedServer(script).in_thread() as
server:` from synchronous code; then `server.url`, `server.bill`, `server.seen`, `server.fault(...)`, `server.clear()`.

HTTP: the model routes (also as Azure addresses deployments) and what they keep (`openai_objects`), `GET /v1/models`,
`GET /bill`, `GET /seen`, `POST /control` with any of `{"fault": {...}, "script": {...}, "clear": true, "refuse_s":
2.0}`; the last three answer loopback only.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
from collections import deque
from collections.abc import Coroutine, Iterator
from typing import Any, Self

import msgspec
import orjson

from . import wire
from .bill import Bill
from .model import DIALECTS, ScriptedModel, Seen
from .script import Fault, Script
from .wire import Connection, Request

THREAD_START_S_MAX = 10.0


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /control`; applied in this order."""

    clear: bool = False
    script: Script | None = None
    fault: Fault | None = None
    refuse_s: float | None = None


class ScriptedServer:
    """Listens on `host:port` (0: any free port) while entered."""

    def __init__(self, script: Script | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.model = ScriptedModel(script or Script())
        self.host = host
        self.port = port
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._accept_again: asyncio.TimerHandle | None = None
        self._accepting: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """`http://host:port`, without `/v1`."""
        return f"http://{self.host}:{self.port}"

    @property
    def bill(self) -> Bill:
        """What this upstream charged."""
        return self.model.bill

    @property
    def seen(self) -> deque[Seen]:
        """The latest requests, oldest first."""
        return self.model.seen

    @property
    def connections(self) -> int:
        """Open client connections."""
        return len(self._connections)

    def fault(self, kind: str | Fault, **parameters: Any) -> None:
        """Switch a fault on: `server.fault("status", status=429, times=2)`."""
        fault = kind if isinstance(kind, Fault) else msgspec.convert({"kind": kind, **parameters}, Fault)
        self.model.fault(fault)

    def play(self, script: Script) -> None:
        """Start another script."""
        self.model.play(script)

    def clear(self) -> None:
        """Switch all faults off; forget bill and seen requests."""
        self.model.clear()

    async def start(self) -> Self:
        """Listen; raises `OSError` if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self._respond, self._connections), self.host, self.port, backlog=4096
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def refuse(self, *, seconds: float | None = None) -> None:
        """Stop listening and break all connections, so that connecting is refused; `accept` or the time ends it."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self._break_all()
            await server.wait_closed()
        if seconds is not None:
            self._accept_again = asyncio.get_running_loop().call_later(seconds, self._accept_soon)

    async def accept(self) -> None:
        """Listen again on the same port."""
        if self._server is None:
            await self.start()

    async def close(self) -> None:
        """Stop listening and break what is still open."""
        if self._accept_again is not None:
            self._accept_again.cancel()
        if self._accepting is not None:
            await self._accepting
        await self.refuse()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[Self]:
        """Serve from a thread with its own loop; `fault`, `play` and `clear` are then safe between requests only."""
        started, stop = threading.Event(), asyncio.Event()
        loop = asyncio.new_event_loop()
        failed: list[OSError] = []

        async def live() -> None:
            try:
                await self.start()
            except OSError as error:
                failed.append(error)
                return
            finally:
                started.set()
            await stop.wait()
            await self.close()

        thread = threading.Thread(target=loop.run_until_complete, args=(live(),), name="scripted", daemon=True)
        thread.start()
        started.wait(THREAD_START_S_MAX)
        try:
            if failed:
                raise failed[0]
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(THREAD_START_S_MAX)
            loop.close()

    def _accept_soon(self) -> None:
        self._accepting = asyncio.get_running_loop().create_task(self.accept())

    def _break_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    def _respond(self, request: Request, connection: Connection) -> Coroutine[Any, Any, None] | None:
        path = _unversioned(request)
        dialect = DIALECTS.get(path)
        if dialect is not None and request.method == "POST":
            return self.model.respond(dialect, request, connection)
        if path.startswith(("/v1/responses/", "/v1/conversations")):
            self.model.look(request, connection)
        elif path == "/v1/models" and request.method == "GET":
            models = [
                {"id": name, "object": "model", "created": 0, "owned_by": "scripted"}
                for name in self.model.script.models
            ]
            connection.transport.write(wire.ok(orjson.dumps({"object": "list", "data": models})))
        elif path in ("/bill", "/seen", "/control") and not _is_loopback(connection):
            connection.transport.write(wire.reply(403, b'{"error":{"message":"loopback only"}}'))
        elif path == "/bill":
            connection.transport.write(wire.ok(orjson.dumps(self.bill.as_tree())))
        elif path == "/seen":
            connection.transport.write(wire.ok(orjson.dumps(self.model.seen_tree())))
        elif path == "/control" and request.method == "POST":
            return self._control(request, connection)
        else:
            connection.transport.write(wire.reply(404, b'{"error":{"message":"no such route"}}'))
        return None

    async def _control(self, request: Request, connection: Connection) -> None:
        try:
            order = msgspec.json.decode(request.body, type=Order)
        except ValueError as error:
            await connection.send(wire.reply(400, orjson.dumps({"error": {"message": str(error)}})))
            return
        if order.clear:
            self.clear()
        if order.script is not None:
            self.play(order.script)
        if order.fault is not None:
            self.model.fault(order.fault)
        await connection.send(wire.ok(b'{"ok":true}'))
        if order.refuse_s is not None:
            asyncio.get_running_loop().call_soon(self._refuse_soon, order.refuse_s)

    def _refuse_soon(self, seconds: float) -> None:
        self._accepting = asyncio.get_running_loop().create_task(self.refuse(seconds=seconds))


def _unversioned(request: Request) -> str:
    """Return the path as OpenAI has it: of Azure's addresses of deployments, which need a version, what follows."""
    if request.path.startswith("/openai/deployments/") and "api-version=" in request.query:
        return "/v1/" + request.path.split("/", 4)[4]
    return request.path


def _is_loopback(connection: Connection) -> bool:
    peer = connection.transport.get_extra_info("peername")
    return bool(peer) and ipaddress.ip_address(peer[0]).is_loopback
