"""MCP servers behind the gateway, seen by a client that speaks JSON: sessions, tokens, schemas, prices, approvals."""

import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.live import Live, live
from tests.gateway.tools.shop import SCHEMA, Shop, shop

pytestmark = pytest.mark.anyio

FIND = {"name": "find", "description": "Finds.", "inputSchema": SCHEMA}


def server(tool: Shop, **more: Any) -> dict[str, Any]:
    known = [{"name": "find", "price_usd": "0.01"}, {"name": "pay", "writes": True, "approval": "always"}]
    return {"name": "notes", "url": f"{tool.url}/mcp", "private_networks": ["127.0.0.0/8"], "tools": known, **more}


def answer(result: Any) -> tuple[int, str, bytes]:
    return (200, "application/json", json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())


async def say(gate: Live, method: str, params: Any = None, **headers: str) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, **({} if params is None else {"params": params})}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gate.http.post("/mcp/notes", json=body, headers=named)


async def listed(gate: Live, tool: Shop, *tools: dict[str, Any]) -> list[str]:
    tool.answers = [answer({"tools": list(tools)})]
    return [each["name"] for each in (await say(gate, "tools/list")).json()["result"]["tools"]]


async def test_a_call_is_checked_against_the_pinned_schema_and_paid(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        unknown = await say(gate, "tools/call", {"name": "find", "arguments": {"q": "a"}})
        assert "list its tools first" in unknown.json()["result"]["content"][0]["text"]
        assert await listed(gate, tool, FIND) == ["find"]
        wrong = await say(gate, "tools/call", {"name": "find", "arguments": {"q": 1}})
        assert wrong.json()["result"]["isError"] is True
        tool.answers = [answer({"content": [{"type": "text", "text": "found"}]})]
        done = await say(gate, "tools/call", {"name": "find", "arguments": {"q": "a"}})
        assert done.json()["result"]["content"][0]["text"] == "found"
        assert done.headers["x-tollhouse-cost-usd"] == "0.01"
        assert len(tool.seen) == 2
        assert gate.token not in str(tool.seen)


async def test_a_session_belongs_to_the_key_that_began_it(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        tool.session = "s1"
        began = (await say(gate, "initialize")).headers["mcp-session-id"]
        assert (await say(gate, "ping", mcp_session_id=began)).status_code == 200
        assert tool.seen[1].headers["mcp-session-id"] == "s1"
        other = f"Bearer {await gate.new_key()}"
        for session, key in (("s1", f"Bearer {gate.token}"), (began, other)):
            forged = await say(gate, "ping", mcp_session_id=session, authorization=key)
            assert forged.json()["error"]["data"]["code"] == "not_found"
        assert len(tool.seen) == 2


async def test_a_session_is_ended_by_the_key_that_began_it_and_no_other(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        tool.session = "s1"
        began = (await say(gate, "initialize")).headers["mcp-session-id"]
        other = {"mcp-session-id": began, "authorization": f"Bearer {await gate.new_key()}"}
        for path, headers in (
            ("/mcp/notes", other),
            ("/mcp/notes", {"mcp-session-id": "s1"}),
            ("/mcp/notes", {}),
            ("/mcp/nowhere", {"mcp-session-id": began}),
        ):
            assert (await gate.http.delete(path, headers=headers)).status_code == 404
        own = {"mcp-session-id": began, "mcp-protocol-version": "2025-11-25"}
        ended = await gate.http.delete("/mcp", headers=own)
        assert (ended.status_code, len(tool.seen)) == (200, 2)
        seen = tool.seen[1]
        assert (seen.method, seen.headers["mcp-session-id"], seen.body) == ("DELETE", "s1", b"")
        assert seen.headers["mcp-protocol-version"] == "2025-11-25"
        for said, told in ((405, 405), (404, 404), (500, 502)):
            tool.answers = [(said, "text/plain", b"")]
            assert (await gate.http.delete("/mcp/notes", headers=own)).status_code == told


async def test_a_server_that_is_gone_ends_no_session(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with shop() as tool:
            gate = await stack.enter_async_context(live(tmp_path, mcp=[server(tool)]))
            tool.session = "s1"
            own = {"mcp-session-id": (await say(gate, "initialize")).headers["mcp-session-id"]}
        lost = await gate.http.delete("/mcp/notes", headers=own)
        assert (lost.status_code, lost.json()["error"]["data"]["code"]) == (502, "upstream_error")


async def test_a_tool_that_needs_a_yes_says_so_in_its_result(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        await listed(gate, tool, {**FIND, "name": "pay"})
        call = {"name": "pay", "arguments": {"q": "a"}}
        waits = (await say(gate, "tools/call", call, x_run_id="errand")).json()["result"]
        assert waits["isError"] is True
        asked = waits["_meta"]["io.tollhouse/approval_id"]
        _, token = await gate.app.registry.create_key("test", "house", name="boss", role="approver")
        boss = {"authorization": f"Bearer {token}"}
        assert (await gate.http.post(f"/v1/approvals/{asked}/approve", headers=boss)).status_code == 200
        tool.answers = [answer({"content": [{"type": "text", "text": "paid"}]})]
        done = (await say(gate, "tools/call", call, x_run_id="errand")).json()["result"]
        assert done["content"][0]["text"] == "paid"


async def test_what_is_not_relayed_never_reaches_the_server(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        assert (await say(gate, "sampling/createMessage")).json()["error"]["code"] == -32601
        assert (await gate.http.get("/mcp/notes")).status_code == 405
        assert (await gate.http.post("/mcp/other", json={})).status_code in (404, 405)
        stranger = await gate.http.post("/mcp/notes", json={}, headers={"authorization": "Bearer x"})
        assert stranger.status_code == 401
        assert not tool.seen
        single = await gate.http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (single.status_code, single.content) == (202, b"")


async def test_an_answer_that_is_no_list_of_tools_is_a_failure(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        for broken in ((200, "application/json", b"{"), answer({"tools": [{"description": "x"}]}), answer([])):
            tool.answers = [broken]
            told = (await say(gate, "tools/list")).json()
            assert told["error"]["data"]["code"] == "upstream_error"


STREAMED = "application/json, text/event-stream"


async def test_what_comes_before_an_answer_is_passed_on_redacted_and_not_repeated(tmp_path: Path) -> None:
    progress = {"progressToken": 1, "progress": 1, "message": "asked bob@example.com"}
    elicits = {"message": "Which mailbox of bob@example.com?", "requestedSchema": {"type": "object"}}
    messages = [
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress},
        {"jsonrpc": "2.0", "id": "e1", "method": "elicitation/create", "params": elicits},
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "found"}]}},
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in messages)
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        await listed(gate, tool, FIND)
        tool.answers = [(200, "text/event-stream", body)]
        call = {"name": "find", "arguments": {"q": "a"}, "_meta": {"io.tollhouse/tool-call-id": "t1"}}
        sent = {"accept": STREAMED, "x_run_id": "errand"}
        done = await say(gate, "tools/call", call, **sent)
        assert done.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line[6:]) for line in done.text.splitlines() if line.startswith("data: ")]
        assert [each.get("method", "answer") for each in told] == [
            "notifications/progress",
            "elicitation/create",
            "answer",
        ]
        assert "bob@example.com" not in done.text
        assert '"cost_usd":"0.01"' in done.text
        again = await say(gate, "tools/call", call, **sent)
        assert "elicitation" not in again.text
        assert "found" in again.text
        assert len(tool.seen) == 2
        assert gate.records("outcome")[-2]["tools"][0]["decision"] == "executed"


async def test_a_person_s_answer_to_a_server_goes_to_it_redacted(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        content = {"mailbox": "bob@example.com", "count": 3}
        said = {"jsonrpc": "2.0", "id": "e1", "result": {"action": "accept", "content": content}}
        taken = await gate.http.post("/mcp/notes", json=said)
        assert (taken.status_code, taken.content) == (202, b"")
        (seen,) = tool.seen
        assert seen.json["result"]["content"]["count"] == 3
        assert b"bob@example.com" not in seen.body
        no = {"jsonrpc": "2.0", "id": "e1", "error": {"code": -1, "message": "no"}}
        assert (await gate.http.post("/mcp/notes", json=no)).status_code == 202


async def test_a_stream_that_breaks_ends_in_an_error_of_the_protocol(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        await listed(gate, tool, FIND)
        tool.answers = [(200, "text/event-stream", b'data: {"method": "notifications/x", "params": {}}\n\n')]
        broken = await say(gate, "tools/call", {"name": "find", "arguments": {"q": "a"}}, accept=STREAMED)
        *_, last = [json.loads(line[6:]) for line in broken.text.splitlines() if line.startswith("data: ")]
        assert last["result"]["isError"] is True
        assert last["result"]["_meta"]["io.tollhouse/code"] == "upstream_error"


async def test_pages_of_other_places_are_refused(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, mcp=[server(tool)]) as gate:
        for origin, status in (("http://evil.example", 403), ("null", 403), ("http://localhost:3000", 200)):
            tool.answers = [answer({})]
            assert (await say(gate, "ping", origin=origin)).status_code == status
        assert len(tool.seen) == 1
