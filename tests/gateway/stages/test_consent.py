"""Approvals, from outside: a call that needs a person's yes waits for it, on model routes and on the tools' own."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from gateway.works import _secret as app_secret
from tests.gateway.live import Live, chat, live
from tests.gateway.tools.shop import SCHEMA, shop

pytestmark = pytest.mark.anyio

RUN = {"x-run-id": "errand"}
CHAT = "/v1/chat/completions"
OFFER = [{"type": "function", "function": {"name": "pay", "parameters": SCHEMA}}]
PAY = {"name": "pay", "kind": "local", "parameters": SCHEMA, "approval": "always", "sends": True}
PROPOSAL = Reply(text="I pay. ", tool_calls=(ToolCall("pay", {"q": "mail bob@example.com"}),))
SCRIPT = Script(rules=(Rule((PROPOSAL,)),))


async def approver(gate: Live) -> dict[str, str]:
    _, token = await gate.app.registry.create_key("test", "house", name="boss", role="approver")
    return {"authorization": f"Bearer {token}"}


async def decide(gate: Live, approval: str, answer: str = "approve") -> httpx.Response:
    return await gate.http.post(f"/v1/approvals/{approval}/{answer}", headers=await approver(gate))


async def ask(gate: Live, headers: dict[str, str] = RUN, **more: Any) -> httpx.Response:
    return await gate.http.post(CHAT, json=chat("x", tools=OFFER, **more), headers=headers)


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_waits_and_comes_once_the_yes_is_there_without_a_model_call(
    tmp_path: Path, stream: bool
) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        waits = await ask(gate, stream=stream)
        assert "approval_required" in waits.text
        assert '"arguments"' not in waits.text
        if not stream:
            assert (waits.status_code, waits.headers["x-should-retry"]) == (403, "false")
        (shown,) = (await gate.http.get("/v1/approvals")).json()["data"]
        assert shown["status"] == "pending"
        assert "bob@example.com" not in str(shown)
        again = await ask(gate, stream=stream)
        assert again.status_code == 403
        assert again.json()["error"]["approval_id"] == shown["id"]
        assert (await decide(gate, shown["id"])).json()["status"] == "approved"
        answer = await ask(gate, stream=stream)
        assert answer.status_code == 200
        assert "bob@example.com" in answer.text
        assert len(gate.upstream.bill.entries) == 1
        used = (await gate.http.get(f"/v1/runs/{answer.headers['x-tollhouse-run-id']}")).json()["used"]
        assert (used["steps"], used["tool_calls"]) == (1, 1)
        states = [told["decision"] for record in gate.records() for told in record.get("tools", ())]
        assert states == ["awaiting"]
        assert [record["change"]["new"] for record in gate.records("approval")] == ["approved"]


async def test_a_yes_is_used_once_and_for_these_arguments_in_this_run(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        first = await ask(gate)
        await decide(gate, first.json()["error"]["approval_id"])
        assert (await ask(gate)).status_code == 200
        assert (await ask(gate)).json()["error"]["code"] == "approval_required"
        other = await ask(gate, {"x-run-id": "another"})
        assert other.json()["error"]["code"] == "approval_required"


async def test_outside_a_run_the_request_names_its_approval(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate, {})).json()["error"]["approval_id"]
        await decide(gate, asked)
        answer = await ask(gate, {"x-tollhouse-approval-id": asked})
        assert answer.status_code == 200
        assert len(gate.upstream.bill.entries) == 1


async def test_a_no_is_told_without_asking_a_model_again(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        await decide(gate, asked, "deny")
        told = await ask(gate)
        assert (told.status_code, told.json()["error"]["code"]) == (403, "approval_denied")
        assert len(gate.upstream.bill.entries) == 1
        assert (await decide(gate, asked)).status_code == 400


async def test_only_approvers_decide_and_others_see_only_what_they_asked(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        own = await gate.http.post(f"/v1/approvals/{asked}/approve")
        assert (own.status_code, own.json()["error"]["code"]) == (403, "not_allowed")
        admin = {"authorization": f"Bearer {gate.app.house.admin_token}"}
        assert (await gate.http.post(f"/v1/approvals/{asked}/approve", headers=admin)).status_code == 403
        other = {"authorization": f"Bearer {await gate.new_key()}"}
        assert (await gate.http.get("/v1/approvals", headers=other)).json()["data"] == []
        assert (await gate.http.get(f"/v1/approvals/{asked}", headers=other)).status_code == 404
        boss = await approver(gate)
        assert (await gate.http.get(f"/v1/approvals/{asked}", headers=boss)).json()["tool"] == "pay"
        assert (await gate.http.post(CHAT, json=chat("x"), headers=boss)).status_code == 403
        assert (await decide(gate, "apr_none")).status_code == 404


async def test_while_a_run_waits_its_clock_stands_still(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = await ask(gate)
        run = gate.ledger.books.run(asked.headers["x-tollhouse-run-id"])
        assert run is not None
        assert run.paused_at_us
        await decide(gate, asked.json()["error"]["approval_id"])
        assert not run.paused_at_us


async def test_on_the_tools_own_route_it_is_202_and_the_call_is_sent_again(tmp_path: Path) -> None:
    async with shop() as tool:
        rule = ["q matches '^big'"]
        async with live(tmp_path, tools=[tool.settings("pay", writes=True, approval_when=rule)]) as gate:
            small = await gate.http.post("/v1/tools/pay/call", json={"arguments": {"q": "small"}}, headers=RUN)
            assert small.status_code == 200
            named = {**RUN, "x-tollhouse-tool-call-id": "t1"}
            body = {"arguments": {"q": "big"}}
            waits = await gate.http.post("/v1/tools/pay/call", json=body, headers=named)
            assert waits.status_code == 202
            await decide(gate, waits.json()["error"]["approval_id"])
            tool.answers = [(503, "text/plain", b"")]
            failed = await gate.http.post("/v1/tools/pay/call", json=body, headers=named)
            assert failed.status_code == 502
            done = await gate.http.post("/v1/tools/pay/call", json=body, headers=named)
            assert done.status_code == 200
            assert len(tool.seen) == 3
            again = await gate.http.post("/v1/tools/pay/call", json=body, headers=RUN)
            assert again.status_code == 202


async def test_what_was_approved_in_an_answer_may_be_carried_out(tmp_path: Path) -> None:
    proposal = Script(rules=(Rule((Reply(tool_calls=(ToolCall("pay", {"q": "a"}),)),)),))
    async with (
        shop() as tool,
        live(tmp_path, script=proposal, tools=[tool.settings("pay", writes=True, approval="always")]) as gate,
    ):
        await decide(gate, (await ask(gate)).json()["error"]["approval_id"])
        assert (await ask(gate)).status_code == 200
        done = await gate.http.post("/v1/tools/pay/call", json={"arguments": {"q": "a"}}, headers=RUN)
        assert done.status_code == 200
        again = await gate.http.post("/v1/tools/pay/call", json={"arguments": {"q": "a"}}, headers=RUN)
        assert again.status_code == 202


async def test_after_untrusted_content_was_read_a_sensitive_tool_needs_a_yes(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [tool.settings("read"), tool.settings("notes", trusted=True), tool.settings("pay", sensitive=True)]
        async with live(tmp_path, tools=tools) as gate:

            async def status(name: str, q: str) -> int:
                body = {"arguments": {"q": q}}
                return (await gate.http.post(f"/v1/tools/{name}/call", json=body, headers=RUN)).status_code

            assert [await status("notes", "a"), await status("pay", "b")] == [200, 200]
            assert [await status("read", "c"), await status("pay", "d")] == [200, 202]


async def test_questions_outlive_a_restart_and_nobody_s_answer_is_a_no(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY], approvals={"expires_s": 1}) as gate:
        await ask(gate)
        held = gate.app.approvals
        (shown,) = held.shown(gate.key)
        again = type(held)(
            gate.app.journal,
            gate.app.house.book.query,
            held._clock,
            app_secret(gate.app.house.master_key),
            held._settings,
            mask=str,
        )
        assert list(again.shown(gate.key)) == [shown]
        await asyncio.sleep(1.1)
        assert await held.expire() == 1
        assert (await ask(gate)).json()["error"]["code"] == "approval_denied"
        assert gate.records("approval")[-1]["actor"] == "system"
