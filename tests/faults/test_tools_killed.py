"""Killed while a tool is at work, a gateway never lets that call run twice, and finds its questions again."""

import asyncio
from pathlib import Path

import httpx
import pytest

from agents.scripted import ScriptedServer
from tests.faults.process import serving, write
from tests.gateway.tools.shop import shop

pytestmark = pytest.mark.anyio

CALLS = 6


async def pay(http: httpx.AsyncClient, number: int, tool: str = "pay") -> httpx.Response:
    named = {"x-run-id": "errand", "x-tollhouse-tool-call-id": f"t{number}"}
    return await http.post(f"/v1/tools/{tool}/call", json={"arguments": {"q": f"bill {number}"}}, headers=named)


async def test_killed_between_intent_and_outcome_no_call_with_side_effects_runs_twice(tmp_path: Path) -> None:
    async with ScriptedServer() as upstream, shop() as tool:
        tools = [tool.settings("pay", writes=True), tool.settings("look", approval="always")]
        path = write(tmp_path, upstream.url, tools=tools)
        async with asyncio.timeout(60), serving(path) as served, served.client() as http:
            assert (await pay(http, 0)).status_code == 200
            assert (await pay(http, 9, "look")).status_code == 202
            tool.waits_s = 30
            hanging = [asyncio.create_task(pay(http, number)) for number in range(1, CALLS)]
            while len(tool.seen) < CALLS:  # noqa: ASYNC110 - the tool tells nobody
                await asyncio.sleep(0.01)
            served.process.kill()
            lost = await asyncio.gather(*hanging, return_exceptions=True)
            assert all(isinstance(each, httpx.TransportError) for each in lost)
        tool.waits_s = 0
        async with asyncio.timeout(60), serving(path) as served, served.client() as http:
            kept = await pay(http, 0)
            assert kept.status_code == 200
            assert "x-tollhouse-replayed" in kept.headers
            for number in range(1, CALLS):
                again = await pay(http, number)
                assert (again.status_code, again.json()["error"]["code"]) == (422, "outcome_unknown")
            (asked,) = (await http.get("/v1/approvals")).json()["data"]
            assert asked["status"] == "pending"
            waits = await pay(http, 9, "look")
            assert waits.json()["error"]["approval_id"] == asked["id"]
            assert (await pay(http, CALLS)).status_code == 200
    paid = [seen.json["q"] for seen in tool.seen]
    assert sorted(paid) == sorted({*paid}), "a call ran twice"
    assert len(paid) == CALLS + 1
