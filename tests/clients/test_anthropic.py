"""The official `anthropic` client, in its own environment, pointed at the gateway by its environment alone."""

from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Fault, Reply, Rule, Script, ToolCall
from limits.accounts import Cap
from tests.clients.environments import run
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

UP = {"kind": "anthropic"}
WEATHER = ToolCall("weather", {"city": "Bonn, for anna@example.com"})
PLAY = Script(
    rules=(
        Rule((Reply(text="Let me look.", tool_calls=(WEATHER,)),), match="weather", role="user"),
        Rule((Reply(text="It rains."),), match="rain", role="tool"),
    )
)


async def acts(gate: Live, *names: str) -> dict[str, Any]:
    return await run("anthropic", *names, env={"ANTHROPIC_BASE_URL": gate.url, "ANTHROPIC_API_KEY": gate.token})


async def test_plain_stream_and_tools_work_and_no_address_leaves(tmp_path: Path) -> None:
    async with live(tmp_path, script=PLAY, up=UP) as gate:
        told = await acts(gate, "plain", "stream", "tools", "count", "models")
        assert told["count"] == 11  # 44 bytes as they go out, masked
        assert told["models"] == ["m"]
        assert told["plain"]["text"] == "write to bob@example.com"
        assert told["plain"]["stop"] == told["stream"]["stop"] == "end_turn"
        assert told["stream"]["text"] == told["stream"]["final"] == "write to bob@example.com please"
        for form in ("plain", "stream"):
            assert told["tools"][form] == {
                "input": {"city": "Bonn, for anna@example.com"},
                "stop": "tool_use",
                "after": "It rains.",
            }
        assert not [seen for seen in gate.upstream.seen if b"@example.com" in seen.body]
        assert {record["status"]["http"] for record in gate.records("outcome")} == {200}


async def test_a_call_that_was_not_offered_ends_the_turn_with_words(tmp_path: Path) -> None:
    async with live(tmp_path, script=PLAY, up=UP) as gate:
        told = (await acts(gate, "refused"))["refused"]
    for form in ("plain", "stream"):
        assert (told[form]["kinds"], told[form]["stop"]) == (["text", "text"], "end_turn")
        assert "the request offers no tool of the name weather" in told[form]["last"]


async def test_errors_are_the_clients_own_types_with_our_code(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP) as gate:
        told = await acts(gate, "error", "key")
    assert (told["error"]["kind"], told["error"]["status"]) == ("NotFoundError", 404)
    assert told["error"]["body"]["error"]["type"] == "not_found_error"
    assert told["error"]["body"]["error"]["code"] == "model_not_found"
    assert (told["key"]["kind"], told["key"]["status"]) == ("AuthenticationError", 401)


async def test_a_budget_stop_reaches_the_client_once(tmp_path: Path) -> None:
    async with live(tmp_path, up=UP, caps=(Cap("nano_usd", 1),)) as gate:
        told = (await acts(gate, "budget"))["budget"]
        for form in ("plain", "stream"):
            assert told[form]["status"] == 402
            assert told[form]["body"]["error"]["code"] == "budget_exceeded"
            assert told[form]["body"]["error"]["type"] == "billing_error"
        assert len(gate.records("refusal")) == 2
        assert not gate.upstream.seen


async def test_a_stream_that_breaks_raises_in_the_client(tmp_path: Path) -> None:
    fault = Fault("reset", after_events=8)
    script = Script(rules=(Rule((Reply(event_chars=1, event_gap_s=0.01, fault=fault),)),))
    async with live(tmp_path, script=script, up=UP) as gate:
        told = (await acts(gate, "broken"))["broken"]
    assert told["seen"][0] == "message_start"
    assert "message_stop" not in told["seen"]
    assert told["caught"]["body"]["error"]["code"] == "upstream_error"
