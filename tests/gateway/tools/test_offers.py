"""What stands between a tool and its callers when the tool fails: retries, breaker, fallback, stored answer, egress."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.gateway.live import Live, live
from tests.gateway.tools.shop import Shop, shop
from tests.gateway.tools.test_openapi import DOCUMENT

pytestmark = pytest.mark.anyio

BROKEN = (503, "text/plain", b"down")
QUICK = {"base_s": 0.01, "cap_s": 0.02}


async def call(gate: Live, tool: str = "find", **arguments: Any) -> httpx.Response:
    return await gate.http.post(f"/v1/tools/{tool}/call", json={"arguments": arguments or {"q": "a"}})


def settings(tool: Shop, **more: Any) -> dict[str, Any]:
    return tool.settings("find", retries=QUICK, **more)


async def test_what_is_harmless_is_tried_again_and_what_is_not_is_not(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [settings(tool, idempotent=True), tool.settings("pay", writes=True)]
        async with live(tmp_path, tools=tools) as gate:
            tool.answers = [BROKEN, BROKEN]
            assert (await call(gate)).status_code == 200
            assert len(tool.seen) == 3
            tool.answers = [BROKEN]
            refused = await call(gate, "pay")
            assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_error")
            assert len(tool.seen) == 4


async def test_a_repeated_call_carries_the_same_key(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [settings(tool, writes=True, idempotency_header="idempotency-key")]
        async with live(tmp_path, tools=tools) as gate:
            tool.answers = [BROKEN]
            assert (await call(gate)).status_code == 200
            first, second = (seen.headers["idempotency-key"] for seen in tool.seen)
            assert first == second


async def test_a_tool_that_says_no_is_an_answer_that_the_agent_may_read(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[settings(tool, idempotent=True)]) as gate:
        tool.answers = [(404, "application/json", b'{"why":"no such order"}')]
        answer = await call(gate)
        assert answer.status_code == 200
        assert answer.json()["is_error"] is True
        assert answer.json()["result"] == {"why": "no such order"}
        assert gate.records("outcome")[-1]["tools"][0]["decision"] == "failed"


async def test_another_tool_stands_in_and_then_a_stored_answer_both_labelled(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [settings(tool, fallback="words", stored_answer="ask me later"), tool.settings("words", "/words")]
        async with live(tmp_path, tools=tools) as gate:
            tool.answers = [BROKEN]
            other = await call(gate)
            assert other.headers["x-tollhouse-degraded"] == "fallback:words"
            assert other.json()["tool"] == "words"
            tool.answers = [BROKEN, BROKEN]
            stored = await call(gate)
            assert stored.headers["x-tollhouse-degraded"] == "stored"
            assert stored.json()["result"] == "ask me later"


async def test_a_tool_that_fails_too_often_is_left_alone(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[settings(tool, breaker={"failures_max": 2})]) as gate:
        tool.answers = [BROKEN, BROKEN]
        codes = [(await call(gate)).json()["error"]["code"] for _ in range(3)]
        assert codes == ["upstream_error", "upstream_error", "upstream_unavailable"]
        assert len(tool.seen) == 2


async def test_private_addresses_and_redirects_are_not_followed(tmp_path: Path) -> None:
    async with shop() as tool:
        closed = settings(tool, private_networks=["10.0.0.0/8"])
        # What a name leads to is looked at on the socket, so an answer that changes after a check changes nothing.
        named = {**closed, "name": "named", "url": tool.url.replace("127.0.0.1", "localhost")}
        async with live(tmp_path, tools=[closed, named, tool.settings("open")]) as gate:
            assert (await call(gate)).status_code == 502
            assert (await call(gate, "named")).status_code == 502
            assert not tool.seen
            tool.answers = [(302, "text/plain", b"")]
            assert (await call(gate, "open")).status_code == 502


async def test_a_result_is_bounded_and_a_tenant_s_rate_too(tmp_path: Path) -> None:
    async with shop() as tool:
        tools = [settings(tool, reply_bytes_max=1024, requests_per_minute=2)]
        async with live(tmp_path, tools=tools) as gate:
            tool.answers = [(200, "text/plain", b"x" * 5_000)]
            answers = [await call(gate) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [502, 200, 429]


async def test_a_price_above_what_a_call_may_cost_is_refused(tmp_path: Path) -> None:
    async with shop() as tool, live(tmp_path, tools=[settings(tool, price_usd="1.5")]) as gate:
        refused = await call(gate)
        assert (refused.status_code, refused.json()["error"]["param"]) == (402, "call.usd")
        assert not tool.seen


async def test_an_operation_of_a_document_is_called_with_the_operator_s_credential(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(yaml.safe_dump(DOCUMENT))
    (tmp_path / "secret").write_text("s3cret")
    async with shop() as tool:
        order: dict[str, Any] = {"name": "order", "kind": "openapi", "url": tool.url, "document": "api.yaml"}
        order |= {"operation": "order"}
        order |= {"private_networks": ["127.0.0.0/8"], "credential": "file/secret", "writes": True}
        async with live(tmp_path, tools=[order]) as gate:
            answer = await call(gate, "order", shop="a/b", count=2, dry=True)
            assert answer.status_code == 200
            (seen,) = tool.seen
            assert (seen.method, seen.query, seen.json) == ("POST", "dry=true", {"count": 2})
            assert seen.headers["authorization"] == "Bearer s3cret"
            assert gate.token not in str(seen)
            assert (await call(gate, "order", shop="a", count="2")).status_code == 422
