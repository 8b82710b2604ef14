"""Providers that misbehave on raw sockets, and the small words that the client's tests share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, Self

import orjson
import pytest

from gateway.upstream.aiohttp_client import AiohttpUpstream
from gateway.upstream.egress import Egress
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, Upstream, UpstreamRequest
from gateway.upstream.pool import PoolUpstream

QUICK = Timeouts(connect_s=1.0, first_byte_s=0.3, idle_s=0.3, total_s=2.0)
MB = 1_000_000
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Client(Upstream, Protocol):
    """An `Upstream` that closes itself."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...


MakeClient = Callable[..., Client]
LOCAL = Egress(["127.0.0.0/8", "::1/128"])
KINDS: dict[str, Callable[..., Client]] = {"pool": PoolUpstream, "aiohttp": AiohttpUpstream}


def request(url: str, *, stream: bool = False, text: str = "hello", timeouts: Timeouts = QUICK) -> UpstreamRequest:
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]}
    headers = [("authorization", "Bearer sk-1"), ("content-type", "application/json")]
    return UpstreamRequest("POST", f"{url}/v1/chat/completions", headers, orjson.dumps(body), timeouts)


@asynccontextmanager
async def listening(talk: Answer) -> AsyncIterator[str]:
    """Run `talk` for each connection; leave no socket or task behind."""
    talks: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append((asyncio.create_task(run(reader, writer)), writer))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
        for task, writer in talks:
            task.cancel()
            if not writer.is_closing() or writer.transport.get_write_buffer_size():
                writer.transport.abort()  # asyncio's breaks if it was closed and has written all
            with suppress(ConnectionError):
                await writer.wait_closed()
        await asyncio.gather(*(task for task, _ in talks), return_exceptions=True)


@asynccontextmanager
async def raw_server(answer: Answer) -> AsyncIterator[str]:
    """Take one request head and body per connection, then do as `answer` says."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        await answer(reader, writer)

    async with listening(talk) as url:
        yield url


def saying(*parts: bytes, then_wait_s: float = 0.0) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        await asyncio.sleep(then_wait_s)

    return answer


async def fail(upstream: Upstream, sent: UpstreamRequest, size_bytes_max: int = MB) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        await (await upstream.send(sent)).read(size_bytes_max)
    return caught.value


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_true():  # noqa: ASYNC110  # the other side has no event to wait for
            await asyncio.sleep(0.005)


def facts(failure: UpstreamFailure) -> tuple[str, str, str, bool, bool]:
    return failure.cause, failure.source, failure.phase, failure.sent, failure.retryable
