"""Every fault as a client meets it, and what it costs."""

import asyncio
import gzip

import httpx
import orjson
import pytest

from agents.scripted import Reply, Script, ScriptedServer

pytestmark = pytest.mark.anyio
TEXT = "a text of some length"


async def ask(server: ScriptedServer, *, stream: bool = False, timeout_s: float = 5.0) -> httpx.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": TEXT}], "stream": stream}
    async with httpx.AsyncClient(timeout=timeout_s) as client:
        return await client.post(
            f"{server.url}/v1/chat/completions",
            json={**body, "stream_options": {"include_usage": True}} if stream else body,
        )


async def test_a_status_has_its_body_and_retry_after_and_bills_nothing() -> None:
    async with ScriptedServer() as server:
        server.fault("status", status=429, retry_after_s=1.5, body='{"error": "slow down"}')
        got = await ask(server)
        assert (got.status_code, got.headers["retry-after"], got.json()) == (429, "1.5", {"error": "slow down"})
        assert not server.bill.entries


async def all_gone(server: ScriptedServer) -> None:
    async with asyncio.timeout(5):
        while server.connections:  # noqa: ASYNC110  # the other side has no event to wait for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_hanging_provider_says_nothing_and_bills_nothing(stream: bool) -> None:
    async with ScriptedServer() as server:
        server.fault("hang")
        with pytest.raises(httpx.ReadTimeout):
            await ask(server, stream=stream, timeout_s=0.2)
        assert not server.bill.entries


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reset_is_billed_for_what_was_said(stream: bool) -> None:
    async with ScriptedServer() as server:
        server.fault("reset", after_events=3)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask(server, stream=stream)
        await all_gone(server)
        entry = server.bill.entries[0]
        assert entry.completion_tokens == (2 if stream else 6)
        assert entry.complete is not stream


async def test_a_lost_reply_is_billed_in_full() -> None:
    async with ScriptedServer() as server:
        server.fault("lose_reply")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask(server)
        assert server.bill.total.completion_tokens == 6


async def test_a_plain_call_whose_client_leaves_is_billed_in_full_and_a_stream_for_its_input() -> None:
    async with ScriptedServer() as server:
        server.fault("slow", delay_s=30.0)
        for stream in (False, True):
            with pytest.raises(httpx.ReadTimeout):
                await ask(server, stream=stream, timeout_s=0.2)
        await all_gone(server)
        assert [(entry.completion_tokens, entry.complete) for entry in server.bill.entries] == [(6, False), (0, False)]


async def test_broken_bodies_and_events_are_broken() -> None:
    async with ScriptedServer() as server:
        server.fault("broken_json", times=2)
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|JSON"):
            (await ask(server)).json()
        assert 'data: {"id": "cut"' in (await ask(server, stream=True)).text
        server.fault("broken_sse", times=1)
        assert b"\x00\xff not an event" in (await ask(server, stream=True)).content


@pytest.mark.parametrize("stream", [False, True])
async def test_usage_may_be_missing_or_absurd_and_the_bill_stays_true(stream: bool) -> None:
    async with ScriptedServer() as server:
        server.fault("no_usage", times=1)
        got = await ask(server, stream=stream)
        assert '"usage":{' not in got.text
        server.fault("absurd_usage", times=1)
        got = await ask(server, stream=stream)
        assert '"completion_tokens":6000000,' in got.text
        assert [entry.completion_tokens for entry in server.bill.entries] == [6, 6]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_huge_event_is_as_large_as_asked_for(stream: bool) -> None:
    async with ScriptedServer() as server:
        server.fault("huge_event", size_bytes=3_000_000)
        assert len((await ask(server, stream=stream)).content) > 3_000_000


async def test_a_gzip_bomb_is_small_on_the_wire() -> None:
    async with ScriptedServer() as server:
        server.fault("gzip_bomb", size_bytes=5_000_000)
        async with httpx.AsyncClient() as client:
            body = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}
            async with client.stream("POST", f"{server.url}/v1/chat/completions", json=body) as reply:
                packed = b"".join([part async for part in reply.aiter_raw()])
        assert len(packed) < 10_000
        assert len(gzip.decompress(packed)) == 5_000_000


async def test_a_stream_without_finish_ends_cleanly_but_says_no_end() -> None:
    async with ScriptedServer() as server:
        server.fault("no_finish")
        got = await ask(server, stream=True)
        assert "[DONE]" not in got.text
        assert '"finish_reason":"stop"' not in got.text


async def test_a_trickle_comes_byte_by_byte() -> None:
    async with ScriptedServer() as server:
        server.fault("trickle", delay_s=0.0001)
        assert orjson.loads((await ask(server)).content)["choices"][0]["message"]["content"] == TEXT


async def test_a_paced_stream_takes_its_gaps() -> None:
    async with ScriptedServer(Script(steps=(Reply("abcdefgh", event_gap_s=0.02, event_chars=1),))) as server:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await ask(server, stream=True)
        assert loop.time() - began > 0.2
