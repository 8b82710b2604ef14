"""The client against a provider that behaves, and one that is slow, silent or gone."""

import asyncio
from contextlib import suppress

import orjson
import pytest

from agents.scripted import Reply, Script, ScriptedServer
from gateway.upstream.egress import Egress
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamRequest
from gateway.upstream.sse import SseParser
from tests.gateway.upstream.provider import (
    MB,
    MakeClient,
    facts,
    fail,
    raw_server,
    request,
    saying,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both loops: production runs on uvloop, whose sockets and errors differ."""
    return "asyncio", {"use_uvloop": request.param}


async def test_a_plain_reply_comes_whole_and_one_connection_serves_many(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        for _ in range(5):
            reply = await upstream.send(request(server.url))
            assert reply.status == 200
            assert reply.header("content-type") == "application/json"
            assert ("content-type", "application/json") in reply.headers
            assert orjson.loads(await reply.read(MB))["choices"][0]["message"]["content"] == "hello"
        assert server.connections == 1
        assert server.bill.total.requests == 5


async def test_only_the_callers_headers_go_out_and_none_that_belong_to_the_connection(client: MakeClient) -> None:
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


async def test_a_header_with_a_line_end_is_our_own_fault_and_nothing_is_sent(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        bad = UpstreamRequest("POST", f"{server.url}/v1/x", [("x-a", "a\r\nx-b: c")], b"{}")
        assert facts(await fail(upstream, bad)) == ("bad_request", "us", "connect", False, False)
        assert not server.seen


async def test_a_stream_comes_in_events_as_they_are_made(client: MakeClient) -> None:
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


async def test_a_refused_connection_was_not_sent_and_may_be_tried_elsewhere(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        await server.refuse()
        assert facts(await fail(upstream, request(server.url))) == ("refused", "network", "connect", False, True)
        await server.accept()
        assert (await upstream.send(request(server.url))).status == 200


async def test_an_unknown_name_is_not_sent(client: MakeClient) -> None:
    async with client() as upstream:
        failure = await fail(upstream, request("http://name.invalid"))
        assert facts(failure) == ("dns", "network", "connect", False, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://169.254.169.254"]
)
async def test_a_private_address_is_refused_by_us_before_a_socket_exists(url: str, client: MakeClient) -> None:
    async with client(egress=Egress()) as upstream:
        assert facts(await fail(upstream, request(url))) == ("egress", "us", "connect", False, False)


async def test_a_provider_that_hangs_is_left_in_time_and_may_have_billed(
    client: MakeClient,
) -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("hang")
        failure = await fail(upstream, request(server.url))
        assert facts(failure) == ("first_byte_timeout", "network", "first_byte", True, True)


async def test_a_lost_reply_may_have_been_billed(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("lose_reply")
        assert facts(await fail(upstream, request(server.url))) == ("reset", "network", "first_byte", True, True)
        assert server.bill.total.requests == 1


async def test_a_stream_that_trickles_for_ever_ends_at_the_deadline(client: MakeClient) -> None:
    script = Script(steps=(Reply("word " * 500, event_gap_s=0.05),))
    async with ScriptedServer(script) as server, client() as upstream:
        short = Timeouts(connect_s=1.0, first_byte_s=0.5, idle_s=0.5, total_s=0.6)
        failure = await fail(upstream, request(server.url, stream=True, timeouts=short))
        assert facts(failure) == ("deadline", "network", "body", True, False)


async def test_a_reset_in_the_stream_gives_what_came_then_fails(client: MakeClient) -> None:
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


async def test_no_redirect_is_followed_and_no_cookie_is_kept(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        head = f"HTTP/1.1 307 X\r\nLocation: {server.url}/v1/chat/completions\r\nSet-Cookie: a=b\r\n"
        async with raw_server(saying(head.encode() + b"Content-Length: 0\r\n\r\n")) as url:
            reply = await upstream.send(request(url))
            assert (reply.status, await reply.read(MB)) == (307, b"")
        assert not server.seen
        await (await upstream.send(request(server.url))).read(MB)
        assert "cookie" not in server.seen[0].headers


async def test_a_connection_closed_under_a_request_is_never_sent_again_by_itself(client: MakeClient) -> None:
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


async def test_aborting_a_stream_closes_its_connection_and_the_provider_stops(client: MakeClient) -> None:
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


async def test_a_cancelled_send_closes_its_connection(client: MakeClient) -> None:
    async with ScriptedServer() as server, client() as upstream:
        server.fault("hang")
        sending = asyncio.create_task(upstream.send(request(server.url)))
        await until(lambda: bool(server.seen))
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await until(lambda: not server.connections)


async def test_waiting_for_a_free_connection_is_bounded_and_nothing_was_sent(client: MakeClient) -> None:
    async with ScriptedServer() as server, client(connections_max=1) as upstream:
        server.fault("slow", delay_s=1.0, times=1)
        first = asyncio.create_task(upstream.send(request(server.url, timeouts=Timeouts(first_byte_s=5.0))))
        await until(lambda: bool(server.seen))
        failure = await fail(upstream, request(server.url, timeouts=Timeouts(connect_s=0.1)))
        assert facts(failure) == ("connect_timeout", "network", "connect", False, True)
        assert (await first).status == 200


async def test_concurrent_replies_never_reach_the_wrong_caller(client: MakeClient) -> None:
    patient = Timeouts(connect_s=30.0, first_byte_s=30.0, idle_s=30.0, total_s=60.0)
    async with ScriptedServer() as server, client(connections_max=20) as upstream:

        async def one(number: int) -> None:
            text = f"caller {number} " * (1 + number % 50)
            asked = request(server.url, stream=number % 2 == 0, text=text, timeouts=patient)
            sending = asyncio.create_task(upstream.send(asked))
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
