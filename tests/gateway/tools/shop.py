"""A small HTTP tool on loopback for tests, and a gateway that knows it.

async with shop() as tool, live(tmp_path, tools=[tool.settings("find")]) as gate:
    tool.answers.append((500, "text/plain", b"broken"))
    await gate.http.post("/v1/tools/find/call", json={"arguments": {"q": "shoes"}})
    tool.seen
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.head import HeadLimits
from gateway.server import running

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"], "additionalProperties": False}


@dataclass(slots=True)
class Seen:
    """A request that the tool got."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(slots=True)
class Shop:
    """Echoes the body as JSON unless `answers` has something else to say next; `waits_s` before it answers."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    waits_s: float = 0.0
    session: str | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append(Seen(scope["method"], scope["path"], scope["query_string"].decode(), headers, body))
        number = len(self.seen)
        if self.waits_s:
            await asyncio.sleep(self.waits_s)
        echo = orjson.dumps({"number": number, "got": orjson.loads(body) if body else None})
        status, kind, said = self.answers.pop(0) if self.answers else (200, "application/json", echo)
        sent = [(b"content-type", kind.encode())]
        if self.session is not None:
            sent.append((b"mcp-session-id", self.session.encode()))
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": said})

    def settings(self, name: str, path: str = "/find", **more: Any) -> dict[str, Any]:
        """Return a tool of the configuration that leads here."""
        known = {"kind": "http", "url": f"{self.url}{path}", "parameters": SCHEMA, "private_networks": ["127.0.0.0/8"]}
        return {"name": name, **known, **more}


@contextlib.asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    """Run the tool."""
    tool = Shop()
    async with running(tool, limits=HeadLimits()) as server:
        tool.url = server.url
        yield tool
