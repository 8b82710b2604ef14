"""Answers that come in a stream: found, or passed on message by message; sampling is refused to the server."""

import json
from typing import Any

import pytest

from gateway.tools.mcp_client import McpClient
from gateway.upstream.egress import Egress
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamRequest
from gateway.upstream.pool import PoolUpstream
from tests.gateway.tools.shop import Shop, shop

pytestmark = pytest.mark.anyio

STREAM = "text/event-stream"
ASKED = b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}'


def events(*messages: Any) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in messages)


async def ask(tool: Shop, *, streams: bool = False, total_s: float = 60) -> bytes:
    client = McpClient(PoolUpstream(egress=Egress(("127.0.0.0/8",)), connections_max=4), streams=streams)
    try:
        reply = await client.send(UpstreamRequest("POST", tool.url, [], ASKED, Timeouts(total_s=total_s)))
        assert reply.status == 200
        assert reply.headers
        if streams:
            assert reply.header("content-type") == STREAM
            return b"".join([chunk async for chunk in reply.chunks(100_000)])
        return await reply.read(100_000)
    finally:
        await client.close()


async def test_the_answer_is_taken_and_sampling_is_refused_to_the_server() -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress"}
    asks = {"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage"}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {}}
    async with shop() as tool:
        tool.answers = [(200, STREAM, events(progress, asks, answer)), (202, "text/plain", b"")]
        assert json.loads(await ask(tool)) == answer
        told = tool.seen[1].json
        assert (told["id"], told["error"]["code"]) == ("s1", -32601)


@pytest.mark.parametrize("body", [events({"jsonrpc": "2.0", "id": 2, "result": {}}), b"data: {\n\n"])
async def test_a_stream_without_the_answer_is_a_failure(body: bytes) -> None:
    async with shop() as tool:
        tool.answers = [(200, STREAM, body)]
        with pytest.raises(UpstreamFailure):
            await ask(tool)


async def test_who_takes_streams_gets_what_comes_before_the_answer_but_no_sampling() -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress"}
    elicits = {"jsonrpc": "2.0", "id": "e1", "method": "elicitation/create"}
    samples = {"jsonrpc": "2.0", "id": "s1", "method": "sampling/createMessage"}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {}}
    async with shop() as tool:
        body = b"id: 0\ndata:\n\n" + events(progress, elicits, samples, answer, progress)
        tool.answers = [(200, STREAM, body), (202, "text/plain", b"")]
        assert await ask(tool, streams=True) == events(progress, elicits, answer)
        assert tool.seen[1].json["id"] == "s1"
        tool.answers = [(200, "application/json", json.dumps(answer).encode())]
        assert await ask(tool, streams=True) == events(answer)


async def test_a_json_answer_is_read_as_it_is() -> None:
    async with shop() as tool:
        tool.answers = [(200, "application/json", b'{"id":1}')]
        assert await ask(tool) == b'{"id":1}'
        tool.answers = [(200, STREAM, events({"jsonrpc": "2.0", "id": 2, "result": {}}))]
        with pytest.raises(UpstreamFailure):
            await ask(tool, streams=True)


async def test_a_stream_that_ends_early_is_taken_up_where_it_was() -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress"}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {}}
    async with shop() as tool:
        tool.answers = [
            (200, STREAM, b"id: a1\r\nretry: 5\r\ndata:\r\n\r\n" + events(progress) + b"id: never\ndata: x"),
            (200, STREAM, b"id: a2\ndata:\n\n"),
            (200, STREAM, events(progress, answer)),
        ]
        assert await ask(tool, streams=True) == events(progress, progress, answer)
        again = [(seen.method, seen.headers.get("last-event-id")) for seen in tool.seen]
        assert again == [("POST", None), ("GET", "a1"), ("GET", "a2")]
        assert tool.seen[1].headers["accept"] == STREAM


@pytest.mark.parametrize(
    ("first", "then", "cause"),
    [
        (b"id: a\nretry: 1\ndata:\n\n", (405, "text/plain", b""), "no_answer"),
        (b"id: a\nretry: 1\ndata:\n\n", (200, "application/json", b"{}"), "no_answer"),
        (b"id: a\nretry: 999999\ndata:\n\n", (200, STREAM, b""), "deadline"),
        (b"id: %b\ndata:\n\n" % (b"a" * 2_000), (200, STREAM, b""), "no_answer"),
    ],
)
async def test_a_stream_that_cannot_be_taken_up_again_is_a_failure(
    first: bytes, then: tuple[int, str, bytes], cause: str
) -> None:
    async with shop() as tool:
        tool.answers = [(200, STREAM, first), then]
        with pytest.raises(UpstreamFailure, match=cause):
            await ask(tool, total_s=20)
