"""Raw sockets against the bounded protocol: what a stranger sends is refused before the application runs."""

import asyncio
import itertools
import json
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from gateway.head import HeadLimits
from gateway.server import Running, running

pytestmark = pytest.mark.anyio
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LIMITS = HeadLimits(header_bytes_max=4_096, headers_max=20, url_bytes_max=512, head_s_max=0.3, linger_s=0.2)


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run on the loop of production, whose transports differ from asyncio's."""
    return "asyncio", {"use_uvloop": True}


class Echo:
    """Answers with what it saw; counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.calls += 1
        if scope["path"] == "/wait":
            await self.go.wait()
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
        answer = json.dumps({"path": scope["path"], "headers": headers, "size": len(body)}).encode()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]}
        )
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def serving(limits: HeadLimits = LIMITS) -> AsyncIterator[tuple[Echo, Running]]:
    app = Echo()
    async with running(app, limits=limits) as server:
        yield app, server


async def talk(server: Running, *parts: bytes, gap_s: float = 0.0, silence_s: float = 2.0) -> bytes:
    """Send the parts and return all that comes until the server closes or `silence_s` is over."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    got = bytearray()

    async def listen() -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65_536):
                got.extend(part)

    listening = asyncio.create_task(listen())
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(gap_s)
    with suppress(TimeoutError):
        await asyncio.wait_for(listening, silence_s)
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return bytes(got)


async def test_a_good_request_is_served() -> None:
    async with serving() as (app, server):
        got = await talk(server, b"POST /v1/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc")
        assert got.startswith(b"HTTP/1.1 200")
        assert json.loads(got.partition(b"\r\n\r\n")[2])["size"] == 3
        assert app.calls == 1
        assert not server.server.refused


REFUSED = {
    "length and chunked": (400, b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunked and length": (400, b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "two equal lengths": (400, b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "signed length": (400, b"Content-Length: +3\r\n\r\nabc"),
    "list of lengths": (400, b"Content-Length: 3, 3\r\n\r\nabc"),
    "space before the colon": (400, b"Content-Length : 3\r\n\r\nabc"),
    "folded header": (400, b"X-A: b\r\n c\r\n\r\n"),
    "folded coding": (400, b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "identity coding": (400, b"Transfer-Encoding: identity\r\n\r\n"),
    "unknown coding": (400, b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "packed coding": (400, b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "two codings": (400, b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    "second host": (400, b"Host: b\r\n\r\n"),
    "nul in a value": (400, b"X-A: a\x00b\r\n\r\n"),
    "bare carriage return": (400, b"X-A: a\rb\r\n\r\n"),
    "empty name": (400, b": a\r\n\r\n"),
    "too many headers": (431, b"".join(b"X-%d: a\r\n" % number for number in range(30)) + b"\r\n"),
    "large header in one piece": (431, b"X-A: " + b"a" * 6_000 + b"\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "rest"), REFUSED.values(), ids=REFUSED)
async def test_a_head_that_could_be_read_in_two_ways_or_is_too_large_never_reaches_the_application(
    status: int, rest: bytes
) -> None:
    async with serving() as (app, server):
        got = await talk(server, b"POST /v1/x HTTP/1.1\r\nHost: a\r\n" + rest)
        assert got.startswith(b"HTTP/1.1 %d " % status), got
        assert b"connection: close" in got
        assert app.calls == 0
        assert server.server.refused == {status: 1}


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"POST /v1/x HTTP/1.1\r\n\r\n"),
        (400, b"POST /v1/x HTTP/1.1\nHost: a\n\n"),
        (400, b"POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (505, b"GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        (400, b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
        (414, b"GET /" + b"a" * 600 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    ],
)
async def test_what_is_no_request_of_ours_gets_its_own_status(status: int, head: bytes) -> None:
    async with serving() as (app, server):
        assert (await talk(server, head)).startswith(b"HTTP/1.1 %d " % status)
        assert app.calls == 0


async def test_80_mb_of_headers_are_refused_after_a_few_kb_and_the_client_can_read_why() -> None:
    async with serving() as (app, server):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        answer = asyncio.create_task(reader.readline())
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 80_000_000 and not answer.done():
                writer.write(b"a" * 65_536)
                await writer.drain()
                sent += 65_536
        assert await answer == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        assert sent < 20_000_000
        assert app.calls == 0


async def test_endless_small_headers_are_refused() -> None:
    async with serving() as (app, server):
        got = await talk(server, b"GET / HTTP/1.1\r\nHost: a\r\n", *[b"X-A: a\r\n"] * 30)
        assert got.startswith(b"HTTP/1.1 431")
        assert app.calls == 0


async def test_half_a_head_is_answered_408_in_time_however_it_drips() -> None:
    async with serving() as (app, server):
        started = asyncio.get_running_loop().time()
        got = await talk(server, b"GET / HTTP/1.1\r\nHost: a\r\n", b"X", b"-", b"A", gap_s=0.05)
        assert got.startswith(b"HTTP/1.1 408")
        assert asyncio.get_running_loop().time() - started < 1.5
        assert app.calls == 0


async def test_a_silent_connection_is_closed_without_a_word() -> None:
    async with serving() as (_, server):
        assert await talk(server) == b""


async def test_half_a_second_head_on_a_kept_connection_is_answered_408_too() -> None:
    async with serving() as (app, server):
        got = await talk(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTT", gap_s=0.05)
        assert got.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in got
        assert app.calls == 1


async def test_a_trailer_never_becomes_a_header() -> None:
    async with serving() as (_, server):
        got = await talk(
            server,
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"3\r\nabc\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n",
        )
        assert got.startswith(b"HTTP/1.1 200")
        assert b"stolen" not in got


@pytest.mark.parametrize("flood", [b"a" * 16_384, b"X-A: a\r\n" * 2_048])
async def test_endless_trailers_end_the_connection(flood: bytes) -> None:
    async with serving() as (_, server):
        got = await talk(
            server, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", *[flood] * 20
        )
        assert b"200" not in got
        assert server.server.refused == {400: 1}


async def test_tiny_chunks_of_a_long_body_are_served() -> None:
    async with serving() as (_, server):
        body = b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n"
        got = await talk(
            server, b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        )
        assert json.loads(got.partition(b"\r\n\r\n")[2])["size"] == 50_000


async def test_garbage_behind_a_running_request_breaks_the_connection_and_never_mixes_into_its_answer() -> None:
    async with serving() as (app, server):
        got = await talk(server, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", b"garbage\r\n\r\n", gap_s=0.05)
        assert got == b""
        app.go.set()


async def test_an_upgrade_is_answered_as_plain_http_and_the_connection_ends() -> None:
    async with serving() as (_, server):
        got = await talk(
            server,
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
            b"PRI * HTTP/2.0\r\n\r\n",
        )
        assert got.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in got
        assert b'"size": 3' in got


async def test_connections_over_the_bound_get_503_and_the_others_live_on() -> None:
    limits = HeadLimits(connections_max=2, head_s_max=5.0, linger_s=0.2)
    async with serving(limits) as (_, server):
        first = await asyncio.open_connection(server.host, server.port)
        second = await asyncio.open_connection(server.host, server.port)
        await asyncio.sleep(0.05)
        assert (await talk(server)).startswith(b"HTTP/1.1 503")
        for reader, writer in (first, second):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
            await writer.wait_closed()


async def test_pipelined_requests_are_answered_in_order_and_bounded_in_number() -> None:
    async with serving() as (app, server):
        one = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
        last = b"GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        got = await talk(server, b"".join(one % number for number in range(4)) + last)
        assert [got.find(b'"path": "/%d"' % number) for number in range(5)] == sorted(
            got.find(b'"path": "/%d"' % number) for number in range(5)
        )
        assert app.calls == 5
        await talk(server, b"".join(one % number for number in range(100)))
        assert app.calls <= 5 + 18


THREE = (
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\nX-T: t\r\n\r\n"
    b"GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
)


async def test_any_cut_of_a_connection_is_read_the_same() -> None:
    async with serving(HeadLimits(linger_s=0.2)) as (_, server):
        whole = await talk(server, THREE)
        assert whole.count(b"HTTP/1.1 200") == 3
        chance = random.Random(1)
        for _ in range(60):
            edges = [0, *sorted(chance.sample(range(len(THREE)), 4)), len(THREE)]
            got = await talk(server, *(THREE[a:b] for a, b in itertools.pairwise(edges)))
            assert re.sub(rb"date: [^\r]*", b"", got) == re.sub(rb"date: [^\r]*", b"", whole)
        assert not server.server.refused


async def test_no_mutilated_request_breaks_the_server_or_is_answered_by_anything_but_http(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as (app, server):
        chance = random.Random(2)

        async def one() -> None:
            broken = bytearray(THREE)
            for _ in range(chance.randrange(1, 6)):
                at = chance.randrange(len(broken))
                broken[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
            got = await talk(server, bytes(broken), silence_s=0.5)  # a body may stay short
            assert got == b"" or got.startswith(b"HTTP/1.1 ")

        for _ in range(15):
            await asyncio.gather(*(one() for _ in range(20)))
        calls = app.calls
        assert (await talk(server, THREE)).count(b"HTTP/1.1 200") == 3
        assert app.calls == calls + 3
        await until_closed(server)
        assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def until_closed(server: Running) -> None:
    async with asyncio.timeout(5):
        while server.server.server_state.connections:  # noqa: ASYNC110  # the other side has no event to wait for
            await asyncio.sleep(0.01)
