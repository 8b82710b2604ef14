"""The client against sockets that do not behave; every failure is data."""

import asyncio
import gzip

import pytest

from agents.scripted import ScriptedServer
from gateway.upstream.interface import Timeouts
from tests.gateway.upstream.provider import (
    MB,
    MakeClient,
    facts,
    fail,
    listening,
    raw_server,
    request,
    saying,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: production runs on uvloop, whose sockets and errors differ."""
    return "asyncio", {"use_uvloop": request.param}


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_body_that_nobody_reads_fails_while_sending(client: MakeClient) -> None:
    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader, writer
        await asyncio.Event().wait()

    async with listening(never_read) as url, client() as upstream:
        short = Timeouts(connect_s=1, first_byte_s=0.3, idle_s=0.3, total_s=0.6)
        failure = await fail(upstream, request(url, text="x" * 30 * MB, timeouts=short))
        assert facts(failure) == ("deadline", "network", "send", True, False)


async def test_a_stream_that_falls_silent_is_an_idle_timeout(client: MakeClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    times = Timeouts(connect_s=1.0, first_byte_s=5.0, idle_s=0.2, total_s=5.0)
    async with raw_server(saying(head, then_wait_s=3.0)) as url, client() as upstream:
        failure = await fail(upstream, request(url, timeouts=times))
        assert facts(failure) == ("idle_timeout", "network", "body", True, True)


MISBEHAVIOUR = {
    "half a reply": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "body"),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", "first_byte"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "first_byte"),
    "a bad status": (b"HTTP/1.1 two hundred\r\n\r\n", "first_byte"),
    "a bad length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "first_byte"),
    "length and chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "first_byte",
    ),
    "chunked garbage": (CHUNKED + b"zz\r\nwhat\r\n", "body"),
    "a cut chunk": (CHUNKED + b"ff\r\nshort", "body"),
    "no last chunk": (CHUNKED + b"3\r\nabc\r\n", "body"),
    "a long header": (b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n", "first_byte"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 5_000 + b"\r\n", "first_byte"),
    "broken gzip": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "body"),
    "cut gzip": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\n" + gzip.compress(b"hello")[:12],
        "body",
    ),
    "brotli": (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd", "body"),
    "an announced giant": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "body"),
}


@pytest.mark.parametrize(("answer", "phase"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
async def test_every_malformed_reply_is_a_failure_that_may_have_billed(
    answer: bytes, phase: str, client: MakeClient
) -> None:
    async with raw_server(saying(answer)) as url, client() as upstream:
        failure = await fail(upstream, request(url))
        assert failure.phase in {phase, "first_byte"}  # aiohttp may drop a head that comes together with the fault
        assert failure.sent
        assert failure.source in {"upstream", "network"}


async def test_endless_headers_are_cut_off_early(client: MakeClient) -> None:
    taken = 0

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while taken < 100 * MB:
            writer.write(b"X-A: " + b"a" * 1_000 + b"\r\n")
            await writer.drain()
            taken += 1_000

    async with raw_server(endless) as url, client() as upstream:
        assert (await fail(upstream, request(url))).phase == "first_byte"
        assert taken < 20 * MB


async def test_an_endless_body_is_cut_off_at_its_bound(client: MakeClient) -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        while True:
            writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
            await writer.drain()

    async with raw_server(endless) as url, client() as upstream:
        failure = await fail(upstream, request(url), 200_000)
        assert facts(failure) == ("too_large", "upstream", "body", True, False)


async def test_a_gzip_bomb_is_cut_off_at_its_bound_and_an_honest_gzip_is_read(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("gzip_bomb", size_bytes=50 * MB, times=1)
        assert (await fail(upstream, request(server.url))).cause == "too_large"
    packed = gzip.compress(b"hello") + gzip.compress(b" twice")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with raw_server(saying(head + packed)) as url, client() as upstream:
        assert await (await upstream.send(request(url))).read(MB) == b"hello twice"


async def test_a_body_of_exactly_the_bound_is_read(client: MakeClient) -> None:
    closing = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with raw_server(saying(closing + b"5\r\nhello\r\n0\r\n\r\n")) as url, client() as upstream:
        assert await (await upstream.send(request(url))).read(5) == b"hello"
        assert (await fail(upstream, request(url), 4)).cause == "too_large"
