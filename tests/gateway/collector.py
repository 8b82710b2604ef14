"""A collector for tests: a real OTLP/HTTP server that decodes what it is sent, as protobuf."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.server import running


class Collector:
    """Keeps what comes. `status` is what it answers, `pause` lets it never answer."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.stuck: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Take one export."""
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{name}.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if self.stuck is not None:
            await self.stuck.wait()
        self.bodies.append(body)
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await send({"type": "http.response.start", "status": self.status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def spans(self) -> Iterator[Span]:
        """Return the spans of all exports."""
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    yield from scope.spans

    def named(self, name: str) -> Span:
        """Return the only span of a name."""
        (span,) = [span for span in self.spans() if span.name == name]
        return span


def said(attributes: Any) -> dict[str, Any]:
    """Return attributes as plain values."""

    def plain(pair: KeyValue) -> Any:
        kind = pair.value.WhichOneof("value")
        if kind == "array_value":
            return [each.string_value for each in pair.value.array_value.values]
        return getattr(pair.value, kind or "string_value")

    return {pair.key: plain(pair) for pair in attributes}


@contextlib.asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector on loopback."""
    collector = Collector()
    async with running(collector) as server:
        collector.url = f"{server.url}/v1/traces"
        yield collector
