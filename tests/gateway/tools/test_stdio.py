"""MCP servers that are programs: shared by clients, started again when they die, ended with the gateway."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.config.mcp import McpServer
from gateway.config.values import Secret
from gateway.stages.tool_cargo import masked
from gateway.tools.stdio import SESSION, StdioUpstream
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamReply, UpstreamRequest
from limits.clock import ManualClock
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

PEER = Path(__file__).parent / "peer.py"


def settings(*mode: str, **more: Any) -> dict[str, Any]:
    return {"name": "notes", "command": [sys.executable, "-u", str(PEER), *mode], **more}


@contextlib.asynccontextmanager
async def upstream(*mode: str, clock: ManualClock | None = None, **more: Any) -> AsyncIterator[StdioUpstream]:
    made = StdioUpstream(McpServer.model_validate(settings(*mode, **more)), clock or ManualClock(), masked)
    try:
        yield made
    finally:
        await made.close()


def request(
    method: str | None, params: Any = None, *, number: Any = 1, session: str | None = None, wait_s: float = 20
) -> UpstreamRequest:
    message: dict[str, Any] = {"jsonrpc": "2.0", "params": params or {}}
    message |= {} if method is None else {"method": method}
    message |= {} if number is None else {"id": number}
    headers = [] if session is None else [(SESSION, session)]
    return UpstreamRequest("POST", "", headers, json.dumps(message).encode(), Timeouts(total_s=wait_s))


def doing(what: str, **meta: Any) -> dict[str, Any]:
    return {"name": "do", "arguments": {"what": what}, "_meta": meta}


async def said(reply: UpstreamReply) -> Any:
    return json.loads(await reply.read(1 << 20))


async def did(there: StdioUpstream, what: str, *, number: Any = 1, wait_s: float = 20, **meta: Any) -> str:
    reply = await there.send(request("tools/call", doing(what, **meta), number=number, wait_s=wait_s))
    answer = await said(reply)
    assert answer["id"] == number
    return str(answer["result"]["content"][0]["text"])


async def fails(there: StdioUpstream, what: str, wait_s: float = 20) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        await did(there, what, wait_s=wait_s)
    return caught.value


async def test_clients_that_use_the_same_ids_get_their_own_answers() -> None:
    async with upstream() as there:
        texts = [f"wait:0.0{5 - number}" for number in range(5)]
        assert await asyncio.gather(*(did(there, text, number="one") for text in texts)) == texts


async def test_progress_reaches_the_client_that_asked_under_its_own_token() -> None:
    async with upstream() as there:
        reply = await there.send(request("tools/call", doing("progress:2", progressToken="mine")))
        assert reply.header("content-type") == "text/event-stream"
        events = [json.loads(chunk.removeprefix(b"data: ")) async for chunk in reply.chunks(1 << 20)]
        assert [event["params"]["progressToken"] for event in events[:2]] == ["mine", "mine"]
        assert events[2]["id"] == 1
        assert await did(there, "progress:500", progressToken=7) == "progress:500"


async def test_one_handshake_serves_all_and_what_is_shared_cannot_be_set() -> None:
    async with upstream() as there:
        hellos = [await there.send(request("initialize", number=number)) for number in (5, 6)]
        assert hellos[0].header(SESSION) != hellos[1].header(SESSION)
        first, second = [await said(hello) for hello in hellos]
        assert (first["id"], second["id"]) == (5, 6)
        assert first["result"] == second["result"]
        assert first["result"]["capabilities"] == {"tools": {}}
        assert (await there.send(request("notifications/initialized", number=None))).status == 202
        assert "shared" in (await said(await there.send(request("logging/setLevel"))))["error"]["message"]
        pids = {await did(there, "pid") for _ in range(3)}
        assert len(pids) == 1


async def test_a_client_of_the_version_without_a_handshake_has_a_process_of_its_own_kind() -> None:
    modern: dict[str, Any] = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    async with upstream() as there:
        assert await did(there, "pid", **modern) != await did(there, "pid")


async def test_what_belongs_to_no_call_reaches_nobody_and_the_server_s_questions_are_refused() -> None:
    async with upstream("banner") as there:
        answers = json.loads(await did(there, "noise"))
        assert [answer["id"] for answer in answers] == ["s1", "s2"]
        assert answers[0]["error"]["code"] == -32601
        assert answers[1]["result"] == {}


async def test_who_leaves_is_told_to_the_server_and_so_is_who_cancels() -> None:
    async with upstream() as there:
        left = await there.send(request("tools/call", doing("silent")))
        left.abort()
        left.abort()
        waits = await there.send(request("tools/call", doing("silent"), number=7, session="a"))
        for session, number in (("b", 7), ("a", 8), ("a", 7)):
            await there.send(request("notifications/cancelled", {"requestId": number}, number=None, session=session))
        with pytest.raises(UpstreamFailure, match="cancelled"):
            await waits.read(100)
        assert len(json.loads(await did(there, "cancelled"))) == 2


async def test_silence_ends_at_the_deadline_and_the_server_lives_on() -> None:
    async with upstream() as there:
        pid = await did(there, "pid")
        failure = await fails(there, "silent", wait_s=0.1)
        assert (failure.cause, failure.sent) == ("deadline", True)
        assert await did(there, "pid") == pid


async def test_a_crash_fails_the_calls_that_wait_and_the_next_one_has_a_new_process() -> None:
    clock = ManualClock()
    async with upstream(clock=clock) as there:
        pid = await did(there, "pid")
        waits = asyncio.ensure_future(fails(there, "silent"))
        crashed = await fails(there, "crash")
        assert (crashed.cause, crashed.sent) == ("ended", True)
        assert (await waits).cause == "ended"
        assert await did(there, "pid") != pid


async def test_a_server_that_dies_again_and_again_is_started_ever_more_rarely() -> None:
    clock = ManualClock()
    async with upstream(clock=clock) as there:
        for waits_s in (0.0, 0.0, 0.5, 1.0, 2.0):
            if waits_s:
                early = await fails(there, "pid")
                assert (early.cause, early.sent, early.retry_after_s) == ("restarting", False, waits_s)
            clock.turn(waits_s)
            assert (await fails(there, "crash")).cause == "ended"
        clock.turn(100)
        await did(there, "pid")
        clock.turn(100)
        await fails(there, "crash")
        assert await did(there, "pid")


async def test_a_line_without_end_ends_the_process_not_the_gateway() -> None:
    async with upstream(reply_bytes_max="64KiB") as there:
        failure = await fails(there, "endless")
        assert (failure.cause, failure.sent) == ("ended", True)
        assert await did(there, "pid")


async def test_an_answer_that_is_larger_than_the_reader_takes_is_refused() -> None:
    async with upstream() as there:
        reply = await there.send(request("tools/call", doing("x" * 100)))
        with pytest.raises(UpstreamFailure, match="too_large"):
            await reply.read(50)


@pytest.mark.parametrize(("mode", "cause"), [("gone", "ended"), ("mute", "ended"), ("refuses", "no_handshake")])
async def test_a_server_that_does_not_begin_is_a_failure_before_anything_was_sent(mode: str, cause: str) -> None:
    async with upstream(mode) as there:
        failure = await fails(there, "pid")
        assert (failure.cause, failure.phase, failure.sent) == (cause, "connect", False)


async def test_a_program_that_is_not_there_is_a_failure_too() -> None:
    async with upstream(command=["/nowhere/at/all"]) as there:
        assert (await fails(there, "pid")).cause == "not_started"


async def test_who_comes_while_it_starts_waits_no_longer_than_its_deadline() -> None:
    async with upstream("deaf") as there:
        assert (await fails(there, "pid", wait_s=0.2)).cause == "starting"
        waits = asyncio.ensure_future(fails(there, "pid"))
        await asyncio.sleep(0)
        await there.close()
        assert (await waits).cause == "starting"
        assert (await fails(there, "pid")).cause == "restarting"


async def test_only_so_many_wait_at_the_same_time() -> None:
    async with upstream(connections_max=1) as there:
        first = await there.send(request("tools/call", doing("wait:0.2")))
        assert (await fails(there, "pid")).cause == "busy"
        assert (await said(first))["id"] == 1


async def test_its_environment_is_what_is_configured_and_nothing_of_ours() -> None:
    more: dict[str, Any] = {"environment": {"PLAIN": "a"}, "environment_secrets": {"TOKEN": Secret("env/X", "hush")}}
    async with upstream(**more) as there:
        environ = json.loads(await did(there, "environ"))
        assert (environ.pop("PLAIN"), environ.pop("TOKEN")) == ("a", "hush")
        assert set(environ) <= {"LC_CTYPE"}  # Python's own


async def test_its_log_shows_neither_its_secrets_nor_what_guards_find(caplog: pytest.LogCaptureFixture) -> None:
    more: dict[str, Any] = {"environment_secrets": {"TOKEN": Secret("env/X", "hush-hush")}}
    async with upstream(**more) as there:
        await did(there, "complain:hush-hush to bob@example.com")
        async with asyncio.timeout(10):
            while "complains" not in caplog.text:  # noqa: ASYNC110 - a log tells nobody
                await asyncio.sleep(0.01)
    assert "mcp server notes says: it complains: ******** to" in caplog.text
    assert "hush" not in caplog.text
    assert "bob@example.com" not in caplog.text


async def call(gate: Live, method: str, params: Any, **headers: str) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return (await gate.http.post("/mcp/notes", json=body, headers=headers)).json()


async def test_behind_the_gateway_it_is_pinned_checked_priced_booked_and_ended(tmp_path: Path) -> None:
    known = [{"name": "do", "price_usd": "0.01"}]
    async with live(tmp_path, mcp=[settings(tools=known, deadline_s=5, breaker={"failures_max": 2})]) as gate:
        listed = await call(gate, "tools/list", {})
        assert [tool["name"] for tool in listed["result"]["tools"]] == ["do", "look"]
        wrong = await call(gate, "tools/call", {"name": "do", "arguments": {"what": 7}})
        assert "do not fit" in wrong["result"]["content"][0]["text"]
        done = await call(gate, "tools/call", doing("pid"))
        pid = int(done["result"]["content"][0]["text"])
        outcome = gate.records("outcome")[-1]
        assert (outcome["tool"]["name"], outcome["billed"][0]["nano_usd"]) == ("notes.do", 10_000_000)
        assert outcome["tools"][0]["decision"] == "executed"
        for _ in range(2):
            broken = await call(gate, "tools/call", doing("crash"))
            assert broken["result"]["isError"] is True
        assert "left alone" in (await call(gate, "tools/call", doing("pid")))["result"]["content"][0]["text"]
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
