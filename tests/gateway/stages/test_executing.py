"""Tool calls over their own routes, from outside: one identity, counted once, checked, booked, never done twice."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, chat, live
from tests.gateway.tools.shop import SCHEMA, shop

pytestmark = pytest.mark.anyio

ID = "x-tollhouse-tool-call-id"
RUN = {"x-run-id": "errand"}
OFFER = [{"type": "function", "function": {"name": "find", "parameters": SCHEMA}}]


async def call(gate: Live, q: str = "shoes", tool: str = "find", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await gate.http.post(f"/v1/tools/{tool}/call", json={"arguments": {"q": q}}, headers=named)


async def used(gate: Live, run: httpx.Response) -> dict[str, Any]:
    shown = await gate.http.get(f"/v1/runs/{run.headers['x-tollhouse-run-id']}")
    return shown.json()["used"]  # type: ignore[no-any-return]


async def test_a_call_is_carried_out_priced_and_written_before_and_after(tmp_path: Path) -> None:
    async with shop() as tool:
        settings = tool.settings("find", price_usd="0.002", touches=["stock"])
        async with live(tmp_path, tools=[settings]) as gate:
            answer = await call(gate, **RUN)
            assert answer.status_code == 200
            assert answer.json()["result"] == {"number": 1, "got": {"q": "shoes"}}
            assert answer.json()["is_error"] is False
            assert answer.headers["x-tollhouse-cost-usd"] == "0.002"
            assert float(tool.seen[0].headers["x-tollhouse-deadline-s"]) <= 30
            (intent,), outcome = gate.records("intent"), gate.records("outcome")[-1]
            assert intent["tool"]["name"] == "find"
            assert intent["tool"]["touches"] == ["stock"]
            assert intent["tool"]["id"] == answer.headers[ID]
            assert [told["decision"] for told in outcome["tools"]] == ["executed"]
            assert "shoes" not in str(gate.records())
            figures = await used(gate, answer)
            assert (figures["tool_calls"], figures["steps"], figures["usd"]) == (1, 0, "0.002")


async def test_what_does_not_fit_is_refused_and_never_reaches_the_tool(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[tool.settings("find")]) as gate:
        wrong = await gate.http.post("/v1/tools/find/call", json={"arguments": {"q": 7}})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "tool_call_invalid")
        unknown = await gate.http.post("/v1/tools/other/call", json={"arguments": {}})
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "tool_not_found")
        member = await gate.http.post("/v1/tools/find/call", json={"url": "http://elsewhere"})
        assert member.status_code == 400
        nobody = await gate.http.post("/v1/tools/find/call", json={}, headers={"authorization": "Bearer x"})
        assert nobody.status_code == 401
        assert not tool.seen


async def test_what_breaks_a_rule_of_the_tool_is_refused_and_never_reaches_it(tmp_path: Path) -> None:
    rules = ["length(q) <= 9"]
    async with shop() as tool, live(tmp_path, tools=[tool.settings("find", rules=rules)]) as gate:
        refused = await call(gate, "much too long")
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "tool_call_invalid")
        assert "`length(q) <= 9`" in refused.json()["error"]["message"]
        decided = gate.records("refusal")[-1]["decisions"]
        assert {"stage": "firewall", "decision": "refused", "rule": "rules[0]"} in decided
        assert not tool.seen
        assert (await call(gate, "short")).status_code == 200


async def test_a_profile_says_which_tools_a_key_sees_and_may_call(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"allow": ["find"]}}]
    async with shop() as tool:
        tools = [tool.settings("find"), tool.settings("drop", writes=True)]
        async with live(tmp_path, tools=tools, profiles=profiles) as gate:
            listed = (await gate.http.get("/v1/tools")).json()["data"]
            assert [each["id"] for each in listed] == ["find"]
            assert listed[0]["parameters"] == SCHEMA
            refused = await call(gate, tool="drop")
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "tool_not_allowed")
            assert not tool.seen


async def test_a_tenant_a_key_a_run_and_its_plan_each_narrow_what_may_be_called(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [tool.settings(name) for name in ("find", "read", "note")]
        async with live(tmp_path, tools=tools) as gate:
            await gate.app.registry.create_tenant("test", "other", tools=("find", "read"))
            _, token = await gate.app.registry.create_key("test", "other", name="k", tools=("find", "note"))
            narrow = {"authorization": f"Bearer {token}"}
            listed = (await gate.http.get("/v1/tools", headers=narrow)).json()["data"]
            assert [each["id"] for each in listed] == ["find"]
            for name, whose in (("read", "key k"), ("note", "tenant other")):
                refused = await call(gate, tool=name, **narrow)
                assert (refused.status_code, refused.json()["error"]["code"]) == (403, "tool_not_allowed")
                assert whose in refused.json()["error"]["message"]
            opened = (await gate.http.post("/v1/runs", json={"tools": ["find", "re*"]})).json()
            run = {"authorization": f"Bearer {opened['key']}"}
            answers = [(await call(gate, tool=name, **run)).status_code for name in ("find", "read", "note")]
            assert answers == [200, 200, 403]
            plan = f"/v1/runs/{opened['id']}/plan"
            assert (await gate.http.post(plan, json={"tools": ["note", "read"]}, headers=run)).json()["plan"] == [
                "note",
                "read",
            ]
            child = (await gate.http.post("/v1/runs", json={}, headers=run)).json()
            answers = [(await call(gate, "b", tool=name, **run)).status_code for name in ("find", "read", "note")]
            assert answers == [403, 200, 403]
            below = {"authorization": f"Bearer {child['key']}"}
            assert [(await call(gate, tool=name, **below)).status_code for name in ("find", "read")] == [403, 200]
            assert (await gate.http.post(plan, json={"tools": None}, headers=run)).status_code == 200
            assert (await call(gate, "c", **run)).status_code == 200
            for wrong in ({}, {"tools": "find"}, {"tools": [7]}, {"tools": [], "more": 1}):
                assert (await gate.http.post(plan, json=wrong, headers=run)).status_code == 400
            token, run_id = gate.token, opened["id"]
            await gate.http.post(plan, json={"tools": []}, headers=run)
        async with live(tmp_path, again=True, tools=tools) as gate:
            shown = (await gate.http.get(f"/v1/runs/{run_id}", headers={"authorization": f"Bearer {token}"})).json()
            assert (shown["tools"], shown["plan"]) == ([["find", "re*"]], [])
            assert (await call(gate, "d", **run)).status_code == 403
            assert [each["id"] for each in (await gate.http.get("/v1/tools", headers=narrow)).json()["data"]] == [
                "find"
            ]
            await gate.http.post(f"/v1/runs/{run_id}/cancel", headers=run)
            assert (await gate.http.post(plan, json={"tools": []}, headers=run)).status_code == 402


async def test_what_a_run_s_plan_leaves_out_may_be_offered_but_not_proposed(tmp_path: Path) -> None:
    script = Script(rules=(Rule((Reply(tool_calls=(ToolCall("find", {"q": "shoes"}),)),)),))
    async with live(tmp_path, script=script) as gate:
        opened = (await gate.http.post("/v1/runs", json={"tools": ["find"]})).json()
        run = {"authorization": f"Bearer {opened['key']}"}
        body = chat("x", tools=OFFER)
        said = await gate.http.post("/v1/chat/completions", json=body, headers=run)
        assert said.json()["choices"][0]["finish_reason"] == "tool_calls"
        await gate.http.post(f"/v1/runs/{opened['id']}/plan", json={"tools": ["read"]}, headers=run)
        for stream in (False, True):
            said = await gate.http.post("/v1/chat/completions", json={**body, "stream": stream}, headers=run)
            assert "the run's list of tools (plan) does not name find" in said.text
            assert '"tool_calls"' not in said.text
        assert gate.records("outcome")[-1]["tools"][0]["rule"] == "plan"


async def test_a_proposal_that_is_carried_out_is_the_same_call_and_counts_once(tmp_path: Path) -> None:
    proposal = Reply(tool_calls=(ToolCall("find", {"q": "shoes"}),))
    script = Script(rules=(Rule((proposal, Reply(text="done"))),))
    async with shop() as tool, live(tmp_path, script=script, tools=[tool.settings("find")]) as gate:
        said = await gate.http.post("/v1/chat/completions", json=chat("x", tools=OFFER), headers=RUN)
        (proposed,) = said.json()["choices"][0]["message"]["tool_calls"]
        unnamed = await call(gate, **RUN)
        assert unnamed.headers[ID] == proposed["id"]
        assert (await used(gate, unnamed))["tool_calls"] == 1
        named = await call(gate, **RUN, x_tollhouse_tool_call_id=proposed["id"])
        assert (await used(gate, named))["tool_calls"] == 1
        second = await call(gate, **RUN)
        assert second.headers[ID] != proposed["id"]
        assert (await used(gate, second))["tool_calls"] == 2


async def test_the_same_call_of_a_run_is_answered_from_what_was_kept(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[tool.settings("pay", writes=True, price_usd="0.1")]) as gate:
        first = await call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t1")
        again = await call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t1")
        assert first.json()["result"] == again.json()["result"]
        assert again.headers["x-tollhouse-replayed"] == first.headers["x-tollhouse-call-id"]
        assert len(tool.seen) == 1
        assert (await used(gate, again))["tool_calls"] == 1
        other = await call(gate, "boots", tool="pay", **RUN, x_tollhouse_tool_call_id="t1")
        assert other.status_code == 400


async def test_what_may_have_happened_is_not_made_to_happen_again(tmp_path: Path) -> None:
    async with shop() as tool:
        tool.waits_s = 1.0
        tools = [tool.settings("pay", writes=True, deadline_s=0.2), tool.settings("find", deadline_s=0.2)]
        async with live(tmp_path, tools=tools) as gate:
            lost = await call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t1")
            assert lost.status_code in (502, 504)
            again = await call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t1")
            assert (again.status_code, again.json()["error"]["code"]) == (422, "outcome_unknown")
            assert again.headers["x-should-retry"] == "false"
            assert len(tool.seen) == 1


async def test_after_a_kill_between_intent_and_outcome_nothing_runs_twice(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [tool.settings("pay", writes=True)]
        async with live(tmp_path, tools=tools, bounds={"shutdown_grace_s": 0.1}) as gate:
            await call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t0")
            tool.waits_s = 2
            hangs = asyncio.create_task(call(gate, tool="pay", **RUN, x_tollhouse_tool_call_id="t1"))
            while len(tool.seen) < 2:  # noqa: ASYNC110 - the tool tells nobody
                await asyncio.sleep(0.01)
            rows = gate.app.house.book.query("SELECT degraded FROM state_reply ORDER BY expires_us", ())
            assert rows == [(None,), ("begun",)]  # what a crash now would leave behind
            hangs.cancel()


async def test_the_fifth_identical_call_is_refused(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[tool.settings("find")]) as gate:
        tool.answers = [(200, "text/plain", b"nothing")] * 5
        answers = [await call(gate, **RUN) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 422]
        assert answers[4].json()["error"]["code"] == "loop_detected"
        assert len(tool.seen) == 4


async def test_the_run_s_tool_calls_are_a_limit(tmp_path: Path) -> None:
    profiles = [{"name": "default", "run": {"tool_calls": 2}}]
    async with shop() as tool, live(tmp_path, tools=[tool.settings("find")], profiles=profiles) as gate:
        answers = [await call(gate, str(at), **RUN) for at in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 402]
        assert answers[2].json()["error"]["param"] == "run.tool_calls"


async def test_an_equal_call_is_answered_from_memory_and_counts_but_costs_nothing(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [tool.settings("find", cache_ttl_s=60, price_usd="0.1")]
        async with live(tmp_path, tools=tools) as gate:
            first, second = await call(gate, **RUN), await call(gate, **RUN)
            assert first.json()["result"] == second.json()["result"]
            assert second.headers["x-tollhouse-cache"] == "hit"
            assert len(tool.seen) == 1
            figures = await used(gate, second)
            assert (figures["tool_calls"], figures["usd"]) == (2, "0.10")


async def test_a_local_function_is_authorised_and_tells_its_result(tmp_path: Path) -> None:
    local = {"name": "read", "kind": "local", "parameters": SCHEMA}
    async with live(tmp_path, tools=[local]) as gate:
        allowed = await gate.http.post("/v1/tools/read/authorize", json={"arguments": {"q": "a"}}, headers=RUN)
        assert allowed.json()["authorised"] is True
        told = {"tool_call_id": allowed.headers[ID], "result": {"mail": "bob@example.com"}}
        result = await gate.http.post("/v1/tools/read/result", json=told, headers=RUN)
        assert result.status_code == 200
        assert "bob@example.com" not in result.text
        again = await gate.http.post("/v1/tools/read/result", json=told, headers=RUN)
        assert again.status_code == 404
        decisions = [told["decision"] for record in gate.records() for told in record.get("tools", ())]
        assert decisions == ["authorised", "executed"]
        refused = await gate.http.post("/v1/tools/read/call", json={})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "tool_not_found")


async def test_results_are_scanned_as_untrusted_and_arguments_as_the_policy_says(tmp_path: Path) -> None:
    guards = {"tool_result": {"email": "mask"}, "tool_arguments": {"email": "block"}}
    async with shop() as tool:
        tools = [tool.settings("find")]
        async with live(tmp_path, tools=tools, profiles=[{"name": "default", "guards": guards}]) as gate:
            tool.answers = [(200, "application/json", b'{"mail": "bob@example.com"}')]
            answer = await call(gate)
            assert answer.status_code == 200
            assert "bob@example.com" not in answer.text
            blocked = await call(gate, "bob@example.com")
            assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "content_blocked")
            assert len(tool.seen) == 1
            assert gate.records("outcome")[-1]["findings"] == {"email.tool_result.mask": 1}
