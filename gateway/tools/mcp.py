"""MCP servers of the configuration, in the form in which Route and the attempt's stages know models and targets.

A server's tool is known by its pin: its schema checks the arguments, and what the server says of it reaches clients
only as it was pinned and as the profile allows. Session ids are bound to the key that began the session.
"""

import hmac
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import orjson

from limits.backoff import Backoff
from limits.breaker import Breaker
from limits.clock import Clock

from ..call import Attempt, Call, Request
from ..config.mcp import McpServer
from ..dialects.mcp import CALLS
from ..dialects.strict import encode
from ..errors import MethodNotAllowed, NotAllowed, NotFound, ToolNotAllowed, ToolNotFound, UpstreamError
from ..papers import Key
from ..upstream.egress import Egress
from ..upstream.failure import REDIRECT, UpstreamFailure
from ..upstream.interface import Timeouts, Upstream, UpstreamReply, UpstreamRequest
from ..upstream.pool import PoolUpstream
from ..upstream.target import Target
from .mcp_client import McpClient
from .oauth import Tokens
from .offers import Tool
from .pins import Pins
from .reaching import Reaching, breaker_of, headers_of, price_of, time_left
from .stdio import SESSION, StdioUpstream

_SEAL_CHARS = 32
_SPEAKS = (("content-type", "application/json"), ("accept", "application/json, text/event-stream"))
_END_TIMEOUTS = Timeouts(connect_s=5, first_byte_s=10, idle_s=5, total_s=10)
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class McpOffer(Reaching):
    """Where a server's messages go."""

    server: McpServer
    pins: Pins
    secret: bytes = field(repr=False)

    def request(self, attempt: Attempt) -> UpstreamRequest:
        """Return the message as the server gets it: its arguments as released, without the client's token."""
        call = attempt.call
        tree = attempt.request.tree
        message = tree["message"]
        executes = attempt.request.executes
        if executes is not None and message["method"] == "tools/call":
            message = {**message, "params": {**message["params"], "arguments": tree["arguments"]}}
        timeouts, told = time_left(call, self.server.deadline_s)
        headers = [*self.headers, *call.dialect.headers(call.caller.headers, ()), told]
        if (session := call.caller.headers.get(SESSION)) is not None:
            headers.append((SESSION, _unsealed(self.secret, call.key, self.server.name, session)))
        return UpstreamRequest("POST", self.server.url, headers, encode(message), timeouts, call.tenant.id)

    def takes(self, status: int) -> bool:  # noqa: ARG002
        """Whether an error's status is an answer nevertheless: JSON-RPC says what went wrong in its messages."""
        return False

    def read(self, attempt: Attempt, reply: UpstreamReply, body: bytes) -> bytes:
        """Return the server's answer; of a list of tools what this key may see and nobody has changed."""
        call = attempt.call
        session = reply.header(SESSION)
        if session is not None:
            call.headers[SESSION] = f"{session}.{_seal(self.secret, call.key, self.server.name, session)}"
        message = attempt.request.tree["message"]
        if "id" not in message or "method" not in message:
            return b""
        if message["method"] != "tools/list":
            return body
        try:
            tree = orjson.loads(body)
            tools = tree["result"]["tools"] if "result" in tree else []
            if "result" in tree:
                tree["result"]["tools"] = [each for each in tools if self._shown(call, each)]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise UpstreamError(f"{self.name} did not answer with a list of tools") from error
        return encode(tree)

    def _shown(self, call: Call, definition: dict[str, Any]) -> bool:
        pin, statements = self.pins.see(self.server.name, definition)
        call.statements.extend(statements)
        name = f"{self.server.name}.{definition['name']}"
        if pin is None or pin.changed:
            if pin is not None:
                call.kept.setdefault("pins_changed", []).append((self.pins, pin, definition))
            call.decide("firewall", "hidden", tool=name[:128], rule="description_changed")
            return False
        return not call.forbids_tool(name)


class McpServers(Mapping[str, McpServer]):
    """MCP servers by name, and their tools as they are known now. It owns their clients: close it at the end."""

    def __init__(
        self,
        servers: tuple[McpServer, ...],
        pins: Pins,
        clock: Clock,
        chance: Random,
        secret: bytes,
        *,
        mask: Callable[[str], str] = str,
    ) -> None:
        """`secret` seals session ids; `mask` hides what guards find in what programs write into the log."""
        self.pins = pins
        self._secret = secret
        self._servers = {server.name: server for server in servers}
        self._clients: dict[tuple[str, bool], McpClient] = {}
        self._breakers: dict[str, Breaker] = {}
        for server in servers:
            inner, tokens = _reached(server, clock, mask)
            for streams in (False, True):
                self._clients[server.name, streams] = McpClient(inner, streams=streams, tokens=tokens)
            self._breakers[server.name] = breaker_of(f"mcp/{server.name}", server.breaker, clock, chance)

    def tool_of(self, call: Call, request: Request) -> Tool:
        """Return what a message is for as a tool; ToolNotFound, ToolNotAllowed."""
        server = self._servers[getattr(call.dialect, "server", "")]
        _refuse_foreign(call)
        if request.executes is None:
            return self._tool(server, request.tree["message"].get("method", "answer"), None, priced=False)
        name = request.executes.name.removeprefix(f"{server.name}.")
        if forbids := call.forbids_tool(request.executes.name):
            raise ToolNotAllowed(f"{forbids} does not allow the tool {request.executes.name}", param="tool")
        if name in CALLS:
            return self._tool(server, name, None, priced=False, reads=True, streams=request.stream)
        pin = self.pins.get(server.name, name)
        if pin is None or pin.definition is None:
            raise ToolNotFound(
                f"{server.name} has listed no tool of that name here; list its tools first", param="tool"
            )
        if pin.changed:
            raise ToolNotAllowed(
                f"{request.executes.name} is not what it was: its description changed and waits for approval",
                param="tool",
            )
        return self._tool(server, name, pin.definition.get("inputSchema"), version=pin.sha256, streams=request.stream)

    def _tool(
        self,
        server: McpServer,
        name: str,
        schema: dict[str, Any] | None,
        *,
        version: str = "1",
        priced: bool = True,
        reads: bool = False,
        streams: bool = False,
    ) -> Tool:
        settings = server.tool(name)
        if reads or not priced:
            settings = settings.model_copy(update={"writes": False, "sends": False})
        offer = McpOffer(
            name=settings.name,
            server=server,
            target=Target(server.name, server.url, name, dialects=("tool_mcp",)),
            headers=headers_of(server, *_SPEAKS),
            client=self._clients[server.name, streams],
            breaker=self._breakers[server.name],
            cost=price_of(settings.name, settings.price_usd if priced else Decimal(0)),
            pins=self.pins,
            secret=self._secret,
            reply_bytes_max=server.reply_bytes_max,
        )
        return Tool(settings, schema, "", (offer,), Backoff(retries_max=0), version[:16])

    async def end_session(self, name: str, key: Key, headers: Mapping[str, str]) -> None:
        """End a session that this key began; NotFound, MethodNotAllowed (the server ends none), UpstreamError."""
        server = self._servers.get(name)
        if server is None:
            raise NotFound("no MCP server of that name is configured", param="server")
        session = _unsealed(self._secret, key, name, headers.get(SESSION, ""))
        told = [*headers_of(server), (SESSION, session)]
        told += [(field, value) for field, value in headers.items() if field == "mcp-protocol-version"]
        request = UpstreamRequest("DELETE", server.url, told, b"", _END_TIMEOUTS)
        try:
            reply = await self._clients[name, False].exchange(request)
        except UpstreamFailure as failure:
            raise UpstreamError(f"{name} did not end the session: {failure.cause}") from failure
        reply.abort()
        if reply.status in (404, 405):
            raise (
                NotFound("the session is over")
                if reply.status == NotFound.status
                else MethodNotAllowed(f"{name} ends its sessions itself")
            )
        if reply.status >= REDIRECT:
            raise UpstreamError(f"{name} did not end the session: status {reply.status}")

    def tools_of(self, name: str) -> list[str]:
        """Return the names of a server's tools: those that the file names, and those that it listed."""
        named = dict.fromkeys(tool.name for tool in self._servers[name].tools)
        return list(named | dict.fromkeys(self.pins.named(name)))

    def breakers(self) -> Mapping[str, Breaker]:
        """Return each server's breaker."""
        return self._breakers

    def __getitem__(self, name: str) -> McpServer:
        return self._servers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._servers)

    def __len__(self) -> int:
        return len(self._servers)

    async def close(self) -> None:
        """Close all connections to servers."""
        for client in self._clients.values():
            await client.close()


def _seal(secret: bytes, key: Key, server: str, session: str) -> str:
    said = f"{key.tenant.id}\0{key.id}\0{server}\0{session}"
    return hmac.digest(secret, said.encode(), "sha256").hex()[:_SEAL_CHARS]


def _unsealed(secret: bytes, key: Key, server: str, session: str) -> str:
    """Return a session's id as the server knows it; NotFound unless this key began it."""
    own, _, seal = session.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(secret, key, server, own).encode()):
        raise NotFound("no session of that id belongs to this key; initialize anew", param=SESSION)
    return own


def _reached(server: McpServer, clock: Clock, mask: Callable[[str], str]) -> tuple[Upstream, Tokens | None]:
    """Return what speaks to a server, and who gives the tokens for it."""
    if server.command:
        return StdioUpstream(server, clock, mask), None
    pool = PoolUpstream(egress=Egress(server.private_networks), connections_max=server.connections_max)
    return pool, None if server.oauth is None else Tokens(server, server.oauth, pool, clock)


def _refuse_foreign(call: Call) -> None:
    """Refuse what a page of another place sends: the protocol asks servers for that, against DNS rebinding."""
    origin = call.caller.headers.get("origin")
    host = None if origin is None else urllib.parse.urlsplit(origin).hostname
    if origin is not None and host not in _OWN_HOSTS:
        call.kept["status"] = NotAllowed.status  # no answer of the protocol's, which has 200
        raise NotAllowed("the Origin of this message is not this machine", param="origin")
