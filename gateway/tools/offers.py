"""The tools of the configuration, in the form in which Route and the attempt's stages know models and targets."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from limits.backoff import Backoff
from limits.clock import Clock

from ..call import Attempt
from ..config.mcp import McpServer
from ..config.rule import Rule
from ..config.tools import ConfiguredTool
from ..upstream.egress import Egress
from ..upstream.interface import Upstream, UpstreamReply, UpstreamRequest
from ..upstream.pool import PoolUpstream
from ..upstream.target import Target
from .openapi import Operation, read_operation
from .outgoing import Outgoing, result_of
from .reaching import Reaching, breaker_of, headers_of, price_of, time_left

_OURS = frozenset({401, 403, 407, 408, 425, 429})
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOffer(Reaching):
    """A tool that is asked over HTTP."""

    outgoing: Outgoing
    deadline_s: float
    idempotency_header: str | None

    def request(self, attempt: Attempt) -> UpstreamRequest:
        """Return the attempt as the tool gets it, with what is left of the call's time; UpstreamRejected."""
        call = attempt.call
        url, extra, body = self.outgoing.write(attempt.request.tree["arguments"])
        timeouts, told = time_left(call, self.deadline_s)
        headers = [*self.headers, *extra, ("x-tollhouse-call-id", call.id), told]
        if self.idempotency_header is not None:
            said = f"{call.tenant.id}\0{call.run.id if call.run else call.id}\0{call.kept.get('tool_call_id', call.id)}"
            headers.append((self.idempotency_header, hashlib.sha256(said.encode()).hexdigest()[:32]))
        return UpstreamRequest(self.outgoing.method, url, headers, body, timeouts, call.tenant.id)

    def takes(self, status: int) -> bool:
        """Whether a status is the tool's answer to its caller, though it says no: the agent may learn from it."""
        return _CLIENT_ERROR <= status < _SERVER_ERROR and status not in _OURS

    def read(self, attempt: Attempt, reply: UpstreamReply, body: bytes) -> bytes:  # noqa: ARG002
        """Return the tool's answer as the body that the dialect reads."""
        failed = reply.status >= _CLIENT_ERROR
        return result_of(self.name, body, reply.header("content-type") or "", failed=failed)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool with all that the house knows of it, in a Model's form. A local one has no targets."""

    settings: ConfiguredTool
    parameters: dict[str, Any] | None
    description: str
    targets: tuple[Any, ...]
    backoff: Backoff
    version: str

    @property
    def name(self) -> str:
        """How clients and models name it."""
        return self.settings.name

    @property
    def label(self) -> str:
        """Its name in metrics, where models have theirs."""
        return f"tool:{self.settings.name}"

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """The tools that stand in for it."""
        return () if self.settings.fallback is None else (self.settings.fallback,)

    @property
    def stored_answer(self) -> str | None:
        """The result when nothing else can answer."""
        return self.settings.stored_answer

    @property
    def repeatable(self) -> bool:
        """Whether a call whose outcome is unknown may be made again, here or elsewhere."""
        return self.settings.repeatable or not self.settings.has_side_effects

    @property
    def deadline_s(self) -> float | None:
        """How long one call may take."""
        return self.settings.deadline_s

    @property
    def cache_ttl_s(self) -> float | None:
        """How long a result answers equal calls."""
        return self.settings.cache_ttl_s

    @property
    def requests_per_minute(self) -> int | None:
        """Calls a minute, for each tenant."""
        return self.settings.requests_per_minute


class Tools(Mapping[str, Tool]):
    """Tools by name. It owns their clients: close it at the end."""

    def __init__(self, tools: tuple[ConfiguredTool, ...], clock: Clock, chance: Random) -> None:
        """Read the documents; OpenapiUnreadable if one has no such operation."""
        self._clock = clock
        self._chance = chance
        self._clients: list[Upstream] = []
        self._tools = {settings.name: self._tool(settings) for settings in tools}

    def _tool(self, settings: ConfiguredTool) -> Tool:
        operation = None
        if settings.kind == "openapi" and settings.document is not None:
            operation = read_operation(settings.document, settings.operation)
        said = json.dumps([settings.model_dump(mode="json"), operation and operation.parameters], sort_keys=True)
        retries = settings.retries
        return Tool(
            settings=settings,
            parameters=settings.parameters or (operation.parameters if operation else None),
            description=settings.description or (operation.description if operation else ""),
            targets=() if settings.kind == "local" else (self._offer(settings, operation),),
            backoff=Backoff(
                retries_max=retries.attempts_max - 1 if settings.repeatable else 0,
                first_s=retries.base_s,
                wait_s_max=retries.cap_s,
            ),
            version=hashlib.sha256(said.encode()).hexdigest()[:16],
        )

    def _offer(self, settings: ConfiguredTool, operation: Operation | None) -> ToolOffer:
        client = PoolUpstream(egress=Egress(settings.private_networks), connections_max=settings.connections_max)
        self._clients.append(client)
        method, url = settings.method, settings.url
        if operation is not None:
            method, url = operation.method, settings.url.rstrip("/") + operation.path  # type: ignore[assignment]
        return ToolOffer(
            name=settings.name,
            target=Target(settings.name, settings.url, settings.name, dialects=("tool_call",)),
            outgoing=Outgoing(method, url, {} if operation is None else operation.places),
            headers=headers_of(settings, ("accept", "application/json, text/*;q=0.9")),
            client=client,
            breaker=breaker_of(f"tool/{settings.name}", settings.breaker, self._clock, self._chance),
            cost=price_of(settings.name, settings.price_usd),
            deadline_s=settings.deadline_s,
            reply_bytes_max=settings.reply_bytes_max,
            idempotency_header=settings.idempotency_header,
        )

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    async def close(self) -> None:
        """Close all connections to tools."""
        for client in self._clients:
            await client.close()


def rules_of(tools: Mapping[str, Tool], servers: Iterable[McpServer] = ()) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of the tools that have any, by name."""
    named = [(f"{server.name}.{tool.name}", tool.rules) for server in servers for tool in server.tools]
    return {name: rules for name, rules in [*((n, t.settings.rules) for n, t in tools.items()), *named] if rules}
