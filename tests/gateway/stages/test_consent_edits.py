"""An approver may edit arguments: a new hash, and what runs is what was approved, in every dialect, on every route."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, chat, live
from tests.gateway.stages.test_consent import CHAT, OFFER, PAY, RUN, SCRIPT, approver, ask, decide
from tests.gateway.tools.shop import SCHEMA, shop

pytestmark = pytest.mark.anyio

ID = "x-tollhouse-tool-call-id"
ROUTES: dict[str, dict[str, Any]] = {
    CHAT: {**chat("x"), "tools": OFFER},
    "/v1/responses": {"model": "m", "input": "x", "tools": [{"type": "function", "name": "pay", "parameters": SCHEMA}]},
    "/v1/messages": {
        **chat("x", max_tokens=500),
        "tools": [{"name": "pay", "input_schema": SCHEMA}],
    },
}
TWO = {**PAY, "approvers": 2}


async def edit(gate: Live, asked: str, **arguments: Any) -> httpx.Response:
    body = {"edit": arguments}
    return await gate.http.post(f"/v1/approvals/{asked}/approve", json=body, headers=await approver(gate))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("route", ROUTES)
async def test_the_answer_comes_as_it_was_edited_and_is_known_so(tmp_path: Path, route: str, stream: bool) -> None:
    up = {"kind": "anthropic"} if route == "/v1/messages" else {}
    async with live(tmp_path, script=SCRIPT, tools=[PAY], up=up) as gate:
        body = {**ROUTES[route], "stream": stream}
        await gate.http.post(route, json=body, headers=RUN)
        (asked,) = (await gate.http.get("/v1/approvals")).json()["data"]
        told = (await edit(gate, asked["id"], q="mail carol@example.com")).json()
        assert told["status"] == "approved"
        assert told["edited"] not in (None, asked["arguments_key"])
        assert "carol@example.com" not in str(told)
        answer = await gate.http.post(route, json=body, headers=RUN)
        assert answer.headers["x-tollhouse-edited"] == asked["id"]
        assert "carol@example.com" in answer.text
        assert "bob@" not in answer.text
        assert len(gate.upstream.bill.entries) == 1
        (decided,) = gate.records("approval")
        assert decided["tool"]["arguments"] == told["edited"]
        assert decided["change"]["edited_from"] == asked["arguments_key"]
        run = answer.headers["x-tollhouse-run-id"]
        allowed = await gate.http.post(
            "/v1/tools/pay/authorize", json={"arguments": {"q": "mail carol@example.com"}}, headers=RUN
        )
        assert allowed.json()["authorised"] is True
        assert allowed.headers[ID] == asked["tool_call_id"]
        assert (await gate.http.get(f"/v1/runs/{run}")).json()["used"]["tool_calls"] == 1
        first = await gate.http.post(
            "/v1/tools/pay/authorize", json={"arguments": {"q": "mail bob@example.com"}}, headers=RUN
        )
        assert first.status_code == 202


async def test_on_the_tools_own_routes_the_edited_call_is_carried_out(tmp_path: Path) -> None:
    local = {**PAY, "name": "write"}
    async with shop() as tool, live(tmp_path, tools=[tool.settings("pay", approval="always"), local]) as gate:
        for name, action in (("pay", "call"), ("write", "authorize")):
            path, body = f"/v1/tools/{name}/{action}", {"arguments": {"q": "big"}}
            waits = await gate.http.post(path, json=body, headers={**RUN, ID: f"t-{name}"})
            asked = waits.json()["error"]["approval_id"]
            key = (await edit(gate, asked, q="small")).json()["edited"]
            done = await gate.http.post(path, json=body, headers={**RUN, ID: f"t-{name}"})
            assert done.status_code == 200
            assert done.headers["x-tollhouse-edited"] == asked
            assert gate.records("outcome")[-1]["tool"]["arguments"] == key
            assert gate.records("outcome")[-1]["tools"][0]["arguments"] == key
        assert done.json()["arguments"] == {"q": "small"}
        assert [seen.json for seen in tool.seen] == [{"q": "small"}]


async def test_an_edit_must_fit_the_schema_and_the_rules_and_be_one(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[{**PAY, "rules": ["length(q) < 40"]}]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        for arguments, code in (({"q": 7}, 422), ({"more": 1}, 422), ({"q": "x" * 40}, 422)):
            assert (await edit(gate, asked, **arguments)).status_code == code
        boss = await approver(gate)
        for answer, body in (("approve", {"edit": 7}), ("deny", {"edit": {}}), ("approve", {"else": 1})):
            refused = await gate.http.post(f"/v1/approvals/{asked}/{answer}", json=body, headers=boss)
            assert refused.status_code == 400
        assert (await gate.http.get(f"/v1/approvals/{asked}")).json()["status"] == "pending"


async def test_a_second_proposal_of_what_was_edited_is_released_edited(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        await edit(gate, asked, q="small")
        for stream in (True, False):
            other = await ask(gate, temperature=0.5, stream=stream)
            if stream:
                assert "small" in other.text
                assert "bob@" not in other.text
            else:
                assert other.status_code == 403


async def test_four_eyes_are_two_different_approvers_and_an_edit_makes_the_first_word_void(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[TWO]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        one, two = await approver(gate), await approver(gate)
        path = f"/v1/approvals/{asked}/approve"
        first = (await gate.http.post(path, headers=one)).json()
        assert (first["status"], len(first["approved_by"]), first["decided_by"]) == ("pending", 1, None)
        assert (await gate.http.post(path, headers=one)).status_code == 403
        assert (await ask(gate)).status_code == 403
        changed = (await gate.http.post(path, json={"edit": {"q": "small"}}, headers=two)).json()
        assert (changed["status"], len(changed["approved_by"])) == ("pending", 1)
        again = (await gate.http.post(path, headers=one)).json()
        assert again["status"] == "approved"
        assert len(again["decided_by"].split(", ")) == 2
        assert "small" in (await ask(gate)).text
        news = [record["change"]["new"] for record in gate.records("approval")]
        assert news == ["pending, 1 of 2 agree", "pending, 1 of 2 agree", "approved"]


async def test_words_and_edits_outlive_a_restart(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[TWO]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        one, two = await approver(gate), await approver(gate)
        path = f"/v1/approvals/{asked}/approve"
        await gate.http.post(path, json={"edit": {"q": "small"}}, headers=one)
        token = gate.token
        rows = gate.app.house.book.query("SELECT sealed FROM state_approval", ())
        assert len(rows) == 1
        assert b"small" not in rows[0][0]
    async with live(tmp_path, again=True, script=SCRIPT, tools=[TWO]) as gate:
        assert (await gate.http.post(path, headers=one)).status_code == 403
        assert (await gate.http.post(path, headers=two)).json()["status"] == "approved"
        answer = await ask(gate, {**RUN, "authorization": f"Bearer {token}"})
        assert "small" in answer.text
        assert not gate.upstream.bill.entries


async def test_a_question_about_no_arguments_cannot_be_edited(tmp_path: Path) -> None:
    async with shop() as tool:
        known = [{"name": "resources/read", "approval": "always"}]
        server = {"name": "notes", "url": f"{tool.url}/mcp", "private_networks": ["127.0.0.0/8"], "tools": known}
        async with live(tmp_path, mcp=[server]) as gate:
            body = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": "note://one"}}
            waits = (await gate.http.post("/mcp/notes", json=body)).json()
            asked = waits["error"]["data"]["approval_id"]
            assert (await edit(gate, asked, uri="note://two")).status_code == 400
            assert (await decide(gate, asked)).status_code == 200


async def test_an_mcp_tool_gets_what_was_approved(tmp_path: Path) -> None:
    async with shop() as tool:
        known = [{"name": "pay", "approval": "always"}]
        server = {"name": "notes", "url": f"{tool.url}/mcp", "private_networks": ["127.0.0.0/8"], "tools": known}
        async with live(tmp_path, mcp=[server]) as gate:
            listing = {"tools": [{"name": "pay", "inputSchema": SCHEMA}]}
            found = {"content": [{"type": "text", "text": "paid"}]}
            tool.answers = [
                (200, "application/json", json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
                for result in (listing, found)
            ]
            await gate.http.post("/mcp/notes", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            call = {"name": "pay", "arguments": {"q": "big"}}
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            waits = (await gate.http.post("/mcp/notes", json=body, headers=RUN)).json()
            await edit(gate, waits["result"]["_meta"]["io.tollhouse/approval_id"], q="small")
            assert (await gate.http.post("/mcp/notes", json=body, headers=RUN)).status_code == 200
            assert tool.seen[-1].json["params"] == {"name": "pay", "arguments": {"q": "small"}}


async def test_two_calls_of_one_answer_are_edited_each_by_its_own(tmp_path: Path) -> None:
    calls = (ToolCall("pay", {"q": "one"}), ToolCall("pay", {"q": "two"}))
    script = Script(rules=(Rule((Reply(tool_calls=calls),)),))
    async with live(tmp_path, script=script, tools=[PAY]) as gate:
        await ask(gate)
        for each in (await gate.http.get("/v1/approvals")).json()["data"]:
            await edit(gate, each["id"], q=f"not {each['tool_call_id']}")
        message = (await ask(gate)).json()["choices"][0]["message"]
        told = [(call["id"], json.loads(call["function"]["arguments"])["q"]) for call in message["tool_calls"]]
        assert told == [(call_id, f"not {call_id}") for call_id, _ in told]
