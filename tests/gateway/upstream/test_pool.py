"""What is the pool's own: when a connection is used again, when a request is repeated, who waits for whom."""

import asyncio
import ssl
from pathlib import Path

import pytest

from agents.scripted import ScriptedServer
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamRequest
from gateway.upstream.pool import PoolUpstream
from gateway.upstream.wire import head_of, origin_of
from tests.gateway.upstream.provider import LOCAL, MB, fail, listening, request, until
from tests.gateway.upstream.test_tls import certificate

pytestmark = pytest.mark.anyio
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


class Provider:
    """Answers each request with `said`; counts connections and requests; `after` runs when an answer was written."""

    def __init__(self, said: bytes = REPLY, *, closes: bool = False) -> None:
        self.said, self.closes = said, closes
        self.connections = self.requests = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            self.requests += 1
            writer.write(self.said)
            await writer.drain()
            if self.closes:
                return


async def test_a_connection_that_was_closed_while_idle_is_found_before_anything_is_written() -> None:
    provider = Provider(closes=True)
    async with listening(provider) as url, PoolUpstream(egress=LOCAL) as upstream:
        for _ in range(5):
            assert await (await upstream.send(request(url))).read(MB) == b"{}"
            await asyncio.sleep(0.02)
        assert (provider.connections, provider.requests) == (5, 5)


async def test_a_second_reply_that_nobody_asked_for_ends_the_connection_and_reaches_nobody() -> None:
    provider = Provider(REPLY + REPLY.replace(b"{}", b"[]"))
    async with listening(provider) as url, PoolUpstream(egress=LOCAL) as upstream:
        for _ in range(5):
            assert await (await upstream.send(request(url))).read(MB) == b"{}"
        assert provider.connections == 5


async def test_an_idle_connection_is_closed_in_time() -> None:
    async with ScriptedServer() as server, PoolUpstream(egress=LOCAL, keep_alive_s=0.1) as upstream:
        await (await upstream.send(request(server.url))).read(MB)
        assert server.connections == 1
        await until(lambda: not server.connections)


async def test_an_idle_connection_elsewhere_gives_up_its_place() -> None:
    one, two = Provider(), Provider()
    pool = PoolUpstream(egress=LOCAL, connections_max=1)
    async with listening(one) as first, listening(two) as second, pool as upstream:
        for url in (first, second, first):
            assert await (await upstream.send(request(url))).read(MB) == b"{}"
    assert (one.connections, two.connections) == (2, 1)


async def test_callers_without_room_go_on_in_their_order() -> None:
    async with ScriptedServer() as server, PoolUpstream(egress=LOCAL, connections_per_host_max=1) as upstream:
        ended: list[int] = []

        async def one(number: int) -> None:
            times = Timeouts(connect_s=5.0, first_byte_s=5.0, idle_s=5.0, total_s=10.0)
            await (await upstream.send(request(server.url, timeouts=times))).read(MB)
            ended.append(number)

        callers = [asyncio.create_task(one(number)) for number in range(8)]
        await asyncio.sleep(0)
        callers[3].cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        assert ended == [0, 1, 2, 4, 5, 6, 7]


async def test_a_large_body_on_an_old_connection_that_dies_under_it_is_sent_again() -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        first = connections == 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            if first and length > MB:
                writer.transport.abort()  # in the middle of the body
                return
            await reader.readexactly(length)
            writer.write(REPLY)

    times = Timeouts(connect_s=2.0, first_byte_s=5.0, idle_s=5.0, total_s=10.0)
    async with listening(talk) as url, PoolUpstream(egress=LOCAL) as upstream:
        assert await (await upstream.send(request(url))).read(MB) == b"{}"
        large = request(url, text="x" * 30 * MB, timeouts=times)
        assert await (await upstream.send(large)).read(MB) == b"{}"
        assert connections == 2


async def test_a_reply_that_comes_before_the_whole_body_left_is_given_and_the_connection_closed() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await asyncio.sleep(2)

    async with listening(talk) as url, PoolUpstream(egress=LOCAL) as upstream:
        reply = await upstream.send(request(url, text="x" * 30 * MB))
        assert (reply.status, await reply.read(MB)) == (413, b"{}")


async def test_a_reader_that_is_slow_holds_the_provider_back() -> None:
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n")
        for _ in range(60):
            writer.write(b"x" * MB)
            await writer.drain()
            sent += MB

    async with listening(talk) as url, PoolUpstream(egress=LOCAL) as upstream:
        reply = await upstream.send(request(url))
        await asyncio.sleep(0.5)  # longer than the idle timeout: our own pause is not the provider's silence
        assert sent < 20 * MB
        assert len(await reply.read(60 * MB)) == 60 * MB


async def test_an_encrypted_session_is_resumed(tmp_path: Path) -> None:
    file = certificate(tmp_path, "localhost")
    resumed: list[bool] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        encrypted: ssl.SSLObject = writer.get_extra_info("ssl_object")
        resumed.append(bool(encrypted.session_reused))
        writer.write(REPLY.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await writer.drain()
        writer.close()

    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    async with PoolUpstream(egress=LOCAL, authorities=str(file)) as upstream:
        for _ in range(3):
            call = UpstreamRequest("POST", f"https://localhost:{port}/v1", [], b"{}", Timeouts(2.0, 2.0, 2.0, 5.0))
            assert await (await upstream.send(call)).read(100) == b"{}"
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)
    assert resumed == [False, True, True]


async def test_closing_fails_what_is_under_way() -> None:
    async with ScriptedServer() as server:
        upstream = PoolUpstream(egress=LOCAL)
        server.fault("hang")
        asking = asyncio.create_task(fail(upstream, request(server.url)))
        await until(lambda: bool(server.seen))
        await upstream.close()
        assert (await asking).cause == "reset"


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http:///x", "http://u:p@a.example/", "http://a.example/\x7f", "x"]
)
async def test_an_address_that_cannot_be_asked_is_our_own_fault(url: str) -> None:
    async with PoolUpstream(egress=LOCAL) as upstream:
        with pytest.raises(UpstreamFailure) as caught:
            await upstream.send(UpstreamRequest("POST", url, []))
        assert (caught.value.cause, caught.value.source, caught.value.sent) == ("bad_request", "us", False)


def test_a_host_stands_in_the_head_as_the_address_names_it() -> None:
    for url, host in (
        ("http://a.example/v1?x=1", "a.example"),
        ("https://a.example:443/v1", "a.example"),
        ("https://a.example:8443/v1", "a.example:8443"),
        ("http://[::1]:9/v1", "[::1]:9"),
        ("https://bücher.example/v1", "xn--bcher-kva.example"),
    ):
        assert f"host: {host}\r\n".encode() in head_of("POST", url, [])
    assert head_of("GET", "http://a.example?x", []).startswith(b"GET /?x HTTP/1.1\r\n")
    assert origin_of("https://a.example").port == 443
    with pytest.raises(ValueError, match="method"):
        head_of("HEAD", "http://a.example/", [])
