"""The client against a provider that behaves, and against sockets that do not; every failure is data."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import orjson
import pytest

from agents.scripted import Reply, Script, ScriptedServer
from gateway.upstream.aiohttp_client import AiohttpUpstream
from gateway.upstream.egress import Egress
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, Upstream, UpstreamRequest
from gateway.upstream.sse import SseParser

pytestmark = pytest.mark.anyio
QUICK = Timeouts(connect_s=1.0, first_byte_s=0.3, idle_s=0.3, total_s=2.0)
MB = 1_000_000
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def client(**settings: object) -> AiohttpUpstream:
    return AiohttpUpstream(egress=Egress(["127.0.0.0/8"]), **settings)  # type: ignore[arg-type]


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
            writer.transport.abort()
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


async def test_a_plain_reply_comes_whole_and_one_connection_serves_many() -> None:
    async with ScriptedServer() as server, client() as upstream:
        for _ in range(5):
            reply = await upstream.send(request(server.url))
            assert reply.status == 200
            assert reply.header("content-type") == "application/json"
            assert ("content-type", "application/json") in reply.headers
            assert orjson.loads(await reply.read(MB))["choices"][0]["message"]["content"] == "hello"
        assert server.connections == 1
        assert server.bill.total.requests == 5


async def test_only_the_callers_headers_go_out_and_none_that_belong_to_the_connection() -> None:
    async with ScriptedServer() as server, client() as upstream:
        extra = [
            ("Connection", "close"),
            ("Transfer-Encoding", "x"),
            ("accept-encoding", "br"),
            ("Content-Length", "1"),
        ]
        plain = request(server.url)
        await (await upstream.send(UpstreamRequest("POST", plain.url, [*plain.headers, *extra], plain.body))).read(MB)
        assert set(server.seen[0].headers) == {
            "host",
            "authorization",
            "content-type",
            "accept-encoding",
            "content-length",
        }
        assert server.seen[0].headers["accept-encoding"] == "identity"


async def test_a_header_with_a_line_end_is_our_own_fault_and_nothing_is_sent() -> None:
    async with ScriptedServer() as server, client() as upstream:
        bad = UpstreamRequest("POST", f"{server.url}/v1/x", [("x-a", "a\r\nx-b: c")], b"{}")
        assert facts(await fail(upstream, bad)) == ("bad_request", "us", "connect", False, False)
        assert not server.seen


async def test_a_stream_comes_in_events_as_they_are_made() -> None:
    script = Script(steps=(Reply("a long enough answer", event_gap_s=0.01),))
    async with ScriptedServer(script) as server, client() as upstream:
        reply = await upstream.send(request(server.url, stream=True))
        parser, payloads, pieces = SseParser(), [], 0
        async for chunk in reply.chunks(MB):
            pieces += 1
            payloads += parser.feed(chunk)
        assert payloads[-1] == b"[DONE]"
        assert parser.finish()
        assert pieces > 3
        texts = [orjson.loads(payload)["choices"][0]["delta"].get("content", "") for payload in payloads[:-1]]
        assert "".join(texts) == "a long enough answer"


async def test_a_refused_connection_was_not_sent_and_may_be_tried_elsewhere() -> None:
    async with ScriptedServer() as server, client() as upstream:
        await server.refuse()
        assert facts(await fail(upstream, request(server.url))) == ("refused", "network", "connect", False, True)
        await server.accept()
        assert (await upstream.send(request(server.url))).status == 200


async def test_an_unknown_name_is_not_sent() -> None:
    async with client() as upstream:
        failure = await fail(upstream, request("http://name.invalid"))
        assert facts(failure) == ("dns", "network", "connect", False, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://169.254.169.254"]
)
async def test_a_private_address_is_refused_by_us_before_a_socket_exists(url: str) -> None:
    async with AiohttpUpstream() as upstream:
        assert facts(await fail(upstream, request(url))) == ("egress", "us", "connect", False, False)


async def test_a_provider_that_hangs_is_left_after_the_first_byte_timeout_and_may_have_billed() -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("hang")
        began = time.monotonic()
        failure = await fail(upstream, request(server.url))
        assert facts(failure) == ("first_byte_timeout", "network", "first_byte", True, True)
        assert time.monotonic() - began < 1.5


async def test_a_lost_reply_may_have_been_billed() -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("lose_reply")
        assert facts(await fail(upstream, request(server.url))) == ("reset", "network", "first_byte", True, True)
        assert server.bill.total.requests == 1


async def test_a_body_that_nobody_reads_fails_while_sending() -> None:
    async def never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader, writer
        await asyncio.Event().wait()

    async with listening(never_read) as url, client() as upstream:
        short = Timeouts(connect_s=1, first_byte_s=0.3, idle_s=0.3, total_s=0.6)
        failure = await fail(upstream, request(url, text="x" * 30 * MB, timeouts=short))
        assert facts(failure) == ("deadline", "network", "send", True, False)


async def test_a_stream_that_falls_silent_is_an_idle_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"
    async with raw_server(saying(head, then_wait_s=1.0)) as url, client() as upstream:
        assert facts(await fail(upstream, request(url))) == ("idle_timeout", "network", "body", True, True)


async def test_a_stream_that_trickles_for_ever_ends_at_the_deadline() -> None:
    script = Script(steps=(Reply("word " * 500, event_gap_s=0.05),))
    async with ScriptedServer(script) as server, client() as upstream:
        short = Timeouts(connect_s=1.0, first_byte_s=0.5, idle_s=0.5, total_s=0.6)
        began = time.monotonic()
        failure = await fail(upstream, request(server.url, stream=True, timeouts=short))
        assert facts(failure) == ("deadline", "network", "body", True, False)
        assert time.monotonic() - began < 2.0


async def test_a_reset_in_the_stream_gives_what_came_then_fails() -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("reset", after_events=3)
        reply = await upstream.send(request(server.url, stream=True, text="a longer text to be cut"))
        got = b""
        chunks = reply.chunks(MB)
        with pytest.raises(UpstreamFailure) as caught:  # noqa: PT012  # what came before the failure counts too
            async for chunk in chunks:
                got += chunk
        assert got.count(b"data: ") == 3
        assert (caught.value.phase, caught.value.sent, caught.value.retryable) == ("body", True, True)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
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
async def test_every_malformed_reply_is_a_failure_of_the_upstream_or_network_that_may_have_billed(
    answer: bytes, phase: str
) -> None:
    async with raw_server(saying(answer)) as url, client() as upstream:
        failure = await fail(upstream, request(url))
        assert failure.phase in {phase, "first_byte"}  # aiohttp may drop a head that comes together with the fault
        assert failure.sent
        assert failure.source in {"upstream", "network"}


async def test_endless_headers_are_cut_off_early() -> None:
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


async def test_an_endless_body_is_cut_off_at_its_bound() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        while True:
            writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
            await writer.drain()

    async with raw_server(endless) as url, client() as upstream:
        failure = await fail(upstream, request(url), 200_000)
        assert facts(failure) == ("too_large", "upstream", "body", True, False)


async def test_a_gzip_bomb_is_cut_off_at_its_bound_and_an_honest_gzip_is_read() -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("gzip_bomb", size_bytes=50 * MB, times=1)
        assert (await fail(upstream, request(server.url))).cause == "too_large"
    packed = gzip.compress(b"hello") + gzip.compress(b" twice")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with raw_server(saying(head + packed)) as url, client() as upstream:
        assert await (await upstream.send(request(url))).read(MB) == b"hello twice"


async def test_a_body_of_exactly_the_bound_is_read() -> None:
    closing = CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with raw_server(saying(closing + b"5\r\nhello\r\n0\r\n\r\n")) as url, client() as upstream:
        assert await (await upstream.send(request(url))).read(5) == b"hello"
        assert (await fail(upstream, request(url), 4)).cause == "too_large"


async def test_no_redirect_is_followed_and_no_cookie_is_kept() -> None:
    async with ScriptedServer() as server, client() as upstream:
        head = f"HTTP/1.1 307 X\r\nLocation: {server.url}/v1/chat/completions\r\nSet-Cookie: a=b\r\n"
        async with raw_server(saying(head.encode() + b"Content-Length: 0\r\n\r\n")) as url:
            reply = await upstream.send(request(url))
            assert (reply.status, await reply.read(MB)) == (307, b"")
        assert not server.seen
        await (await upstream.send(request(server.url))).read(MB)
        assert "cookie" not in server.seen[0].headers


async def test_a_connection_closed_under_a_request_is_never_sent_again_by_itself() -> None:
    requests = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        requests += 1

    async with raw_server(once) as url, client() as upstream:
        assert (await upstream.send(request(url))).status == 200
        failure = await fail(upstream, request(url))
        assert failure.sent
        assert requests == 2


async def test_aborting_a_stream_closes_its_connection_and_the_provider_stops() -> None:
    script = Script(steps=(Reply("word " * 500, event_gap_s=0.01),))
    async with ScriptedServer(script) as server, client() as upstream:
        reply = await upstream.send(request(server.url, stream=True))
        async for _ in reply.chunks(MB):
            break
        reply.abort()
        reply.abort()
        await until(lambda: not server.connections)
        assert not server.bill.entries[0].complete
        assert server.bill.total.completion_tokens < 300


async def test_a_cancelled_send_closes_its_connection() -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("hang")
        sending = asyncio.create_task(upstream.send(request(server.url)))
        await until(lambda: bool(server.seen))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until(lambda: not server.connections)


async def test_waiting_for_a_free_connection_is_bounded_and_nothing_was_sent() -> None:
    async with ScriptedServer() as server, client(connections_max=1) as upstream:
        server.fault("slow", delay_s=1.0, times=1)
        first = asyncio.create_task(upstream.send(request(server.url, timeouts=Timeouts(first_byte_s=5.0))))
        await until(lambda: bool(server.seen))
        failure = await fail(upstream, request(server.url, timeouts=Timeouts(connect_s=0.1)))
        assert facts(failure) == ("connect_timeout", "network", "connect", False, True)
        assert (await first).status == 200


async def test_concurrent_replies_never_reach_the_wrong_caller() -> None:
    async with ScriptedServer() as server, client(connections_max=20) as upstream:

        async def one(number: int) -> None:
            text = f"caller {number} " * (1 + number % 50)
            sending = asyncio.create_task(upstream.send(request(server.url, stream=number % 2 == 0, text=text)))
            if number % 7 == 0:
                await asyncio.sleep(0)
                sending.cancel()
                with suppress(asyncio.CancelledError):
                    (await sending).abort()
                return
            body = await (await sending).read(MB)
            if number % 2:
                assert orjson.loads(body)["choices"][0]["message"]["content"] == text
            else:
                parser = SseParser()
                deltas = [orjson.loads(payload)["choices"] for payload in parser.feed(body)[:-1]]
                assert "".join(choice[0]["delta"].get("content", "") for choice in deltas) == text

        await asyncio.gather(*(one(number) for number in range(600)))
