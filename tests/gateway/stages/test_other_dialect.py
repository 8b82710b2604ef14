"""Firewall, Recall and Cache know no vendor's JSON: the same holds on `/v1/messages`."""

from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import live

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"name": "weather", "input_schema": SCHEMA}]
MODEL = {"targets": [{"upstream": "up", "model": "claude-3-5-haiku"}]}


def message(text: str, **members: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": text}], **members}


def proposing(**arguments: Any) -> tuple[Reply, ...]:
    return (Reply(text="Hm.", tool_calls=(ToolCall("weather", arguments),)),)


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_are_released_or_refused_repeated_and_remembered(tmp_path: Path, stream: bool) -> None:
    script = Script(rules=(Rule(proposing(town=1), match="bad"), Rule(proposing(city="Berlin"), match="good")))
    profiles = [{"name": "default", "cache": {"ttl_s": 60}}]
    async with live(tmp_path, script=script, profiles=profiles, up={"kind": "anthropic"}, model=MODEL) as gate:

        async def ask(text: str, **headers: str) -> tuple[str, Any]:
            body = message(text, stream=stream, **({} if text == "hi" else {"tools": TOOLS}))
            reply = await gate.http.post("/v1/messages", json=body, headers=headers)
            assert reply.status_code == 200
            assert not stream or reply.text.endswith('data: {"type":"message_stop"}\n\n')
            return reply.text, reply.headers

        key = {"idempotency-key": "a"}
        good, _ = await ask("good", **key)
        again, headers = await ask("good", **key)
        for text in (good, again):
            assert '"tool_use"' in text
            assert "Berlin" in text
        assert "x-tollhouse-replayed" in headers
        bad, _ = await ask("bad")
        assert "do not fit its schema (required)" in bad
        assert '"end_turn"' in bad
        assert '"town' not in bad
        assert [(await ask("hi"))[1]["x-tollhouse-cache"] for _ in range(2)] == ["miss", "hit"]
        assert len(gate.upstream.bill.entries) == 3
        told = [each["decision"] for record in gate.records("outcome") for each in record.get("tools", ())]
        assert told == ["authorised", "refused"]
