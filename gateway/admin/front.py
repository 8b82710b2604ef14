"""What operators reach: health and metrics at once, everything else through FastAPI, loaded when it is first used.

FastAPI, its models of OpenAPI and OpenTelemetry's instrumentation are 0.2 s and 15 MB: a gateway that only serves calls
has neither. They are imported in a thread, so calls go on meanwhile.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

from ..client import Receive, Send
from ..errors import Ending, NotAllowed, NotFound
from .ended import reply, written
from .health import PATHS
from .parts import Parts

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class Front:
    """An ASGI application; `only_health` for the clients' port when administrators have one of their own."""

    def __init__(self, parts: Parts, *, only_health: bool = False) -> None:
        self._parts = parts
        self._only_health = only_health
        self._app: Asgi | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        tell = PATHS.get(scope.get("path", ""))
        if scope["type"] == "http" and (tell is not None or self._only_health):
            if scope["method"] == "GET" and tell is not None:
                status, kind, body = tell(self._parts)
                await reply(send, status, {"content-type": kind}, body)
            else:
                await reply(send, *written(_no(scope["method"], is_known=tell is not None)))
            return
        await (self._app or await self._built())(scope, receive, send)

    async def _built(self) -> Asgi:
        async with self._building:
            if self._app is None:
                self._app = await asyncio.to_thread(_build, self._parts)
            return self._app


def _no(method: str, *, is_known: bool) -> Ending:
    return NotAllowed(f"{method} is not done at this path") if is_known else NotFound("there is nothing at this path")


def _build(parts: Parts) -> Asgi:
    app: Asgi = importlib.import_module("gateway.admin.app").build(parts)
    return app
