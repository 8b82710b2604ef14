"""With `approval_wait_s` a call that needs a yes waits for it, its connection open, and goes on where it stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.live import Live, live
from tests.gateway.stages.test_consent import PAY, RUN, SCRIPT, approver, ask
from tests.gateway.tools.shop import Shop, shop

pytestmark = pytest.mark.anyio


def waiting(wait_s: float, **more: Any) -> dict[str, Any]:
    return {"profiles": [{"name": "default", "tools": {"approval_wait_s": wait_s}, **more}]}


async def question(gate: Live) -> dict[str, Any]:
    """Return the open question, once there is one and it is durable."""
    async with asyncio.timeout(10):
        while True:
            shown = (await gate.http.get("/v1/approvals")).json()["data"]
            if shown and gate.records("approval"):
                return shown[0]  # type: ignore[no-any-return]
            await asyncio.sleep(0.02)


async def answered(gate: Live, answer: str, **body: Any) -> None:
    """Answer the open question."""
    asked = await question(gate)
    assert [record["change"]["new"] for record in gate.records("approval")] == ["pending"]
    path = f"/v1/approvals/{asked['id']}/{answer}"
    told = await gate.http.post(path, json=body or None, headers=await approver(gate))
    assert told.status_code == 200, told.text


@pytest.mark.parametrize("stream", [False, True])
async def test_the_answer_goes_out_once_the_yes_is_there(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY], **waiting(20)) as gate:
        call = asyncio.create_task(ask(gate, stream=stream))
        await answered(gate, "approve")
        answer = await call
        assert answer.status_code == 200
        assert "bob@example.com" in answer.text
        outcome = gate.records("outcome")[-1]
        assert [told["decision"] for told in outcome["tools"]] == ["authorised"]
        run = gate.ledger.books.run(answer.headers["x-tollhouse-run-id"])
        assert run is not None
        assert not run.paused_at_us
        assert gate.app.house.book.query("SELECT id FROM state_reply", ()) == []


async def test_it_is_edited_while_it_waits_and_repeated_as_it_was_released(tmp_path: Path) -> None:
    key = {**RUN, "idempotency-key": "once"}
    async with live(tmp_path, script=SCRIPT, tools=[PAY], **waiting(20)) as gate:
        call = asyncio.create_task(ask(gate, key))
        await answered(gate, "approve", edit={"q": "small"})
        first, again = await call, await ask(gate, key)
        for answer in (first, again):
            (told,) = answer.json()["choices"][0]["message"]["tool_calls"]
            assert told["function"]["arguments"] == '{"q":"small"}'
        assert "x-tollhouse-replayed" in again.headers
        assert first.headers["x-tollhouse-edited"]
        assert len(gate.upstream.bill.entries) == 1
        edited = gate.records("approval")[-1]["tool"]["arguments"]
        assert gate.records("outcome")[0]["tools"][0]["arguments"] == edited


async def test_a_no_and_nobody_s_answer_end_it(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY], **waiting(0.5)) as gate:
        call = asyncio.create_task(ask(gate))
        await answered(gate, "deny")
        denied = await call
        assert (denied.status_code, denied.json()["error"]["code"]) == (403, "approval_denied")
        assert gate.records("outcome")[-1]["tools"][0]["decision"] == "refused"
        late = await ask(gate, {"x-run-id": "another"})
        assert (late.status_code, late.json()["error"]["code"]) == (403, "approval_denied")
        assert gate.records("approval")[-1]["actor"] == "system"


@asynccontextmanager
async def paying(folder: Path, wait_s: float, **more: Any) -> AsyncIterator[tuple[Live, Shop]]:
    async with shop() as tool:
        settings = tool.settings("pay", writes=True, approval="always", **more)
        async with live(folder, tools=[settings], **waiting(wait_s)) as gate:
            yield gate, tool


async def pay(gate: Live, **headers: str) -> httpx.Response:
    return await gate.http.post("/v1/tools/pay/call", json={"arguments": {"q": "a"}}, headers={**RUN, **headers})


async def test_a_tool_s_own_call_waits_longer_than_its_deadline_and_is_carried_out(tmp_path: Path) -> None:
    async with paying(tmp_path, 20, deadline_s=0.5) as (gate, tool):
        call = asyncio.create_task(pay(gate))
        await question(gate)
        await asyncio.sleep(0.8)
        await answered(gate, "approve", edit={"q": "b"})
        done = await call
        assert done.status_code == 200, done.text
        assert [seen.json for seen in tool.seen] == [{"q": "b"}]


async def test_a_tool_s_own_call_is_denied_when_nobody_answers(tmp_path: Path) -> None:
    async with paying(tmp_path, 0.3) as (gate, tool):
        assert (await pay(gate)).json()["error"]["code"] == "approval_denied"
        assert not tool.seen


async def test_two_calls_wait_for_one_question_and_one_is_carried_out(tmp_path: Path) -> None:
    async with paying(tmp_path, 3) as (gate, tool):
        calls = [asyncio.create_task(pay(gate)) for _ in range(2)]
        asked = (await question(gate))["id"]
        async with asyncio.timeout(10):
            while len(gate.app.approvals._decided[asked]._waiters) < 2:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        await answered(gate, "approve")
        statuses = sorted([(await call).status_code for call in calls])
        assert statuses == [200, 202]
        assert len(tool.seen) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_who_left_while_it_waited_finds_the_answer_later(tmp_path: Path, stream: bool) -> None:
    more = {"on_leave": "cancel"}
    async with live(tmp_path, script=SCRIPT, tools=[PAY], **waiting(20, **more)) as gate:
        with pytest.raises(httpx.ReadTimeout):
            await gate.http.post(
                "/v1/chat/completions",
                json={"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": TOOLS, "stream": stream},
                headers=RUN,
                timeout=0.7,
            )
        await answered(gate, "approve")
        async with asyncio.timeout(10):
            while gate.app.lives.calls():  # noqa: ASYNC110 - nobody tells when a life is over
                await asyncio.sleep(0.02)
        again = await ask(gate, stream=stream)
        assert again.status_code == 200
        assert "bob@example.com" in again.text
        assert len(gate.upstream.bill.entries) == 1


async def test_a_shutdown_ends_the_wait_and_the_next_house_has_question_and_answer(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY], **waiting(20)) as gate:
        call = asyncio.create_task(ask(gate))
        asked, token = await question(gate), gate.token
        await gate.app.lives.drain(0.1)
        told = await call
        assert told.json()["error"]["code"] == "approval_required"
    async with live(tmp_path, again=True, script=SCRIPT, tools=[PAY]) as gate:
        boss = await approver(gate)
        assert (await gate.http.post(f"/v1/approvals/{asked['id']}/approve", headers=boss)).status_code == 200
        answer = await ask(gate, {**RUN, "authorization": f"Bearer {token}"})
        assert "bob@example.com" in answer.text
        assert not gate.upstream.bill.entries


TOOLS = [{"type": "function", "function": {"name": "pay", "parameters": PAY["parameters"]}}]
