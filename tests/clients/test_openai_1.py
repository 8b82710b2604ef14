"""The official `openai` client of the 1.x line, in its own environment, pointed by its environment alone."""

from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from limits.accounts import Cap
from tests.clients.environments import run
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

PLAY = Script(
    rules=(
        Rule((Reply(tool_calls=(ToolCall("weather", {"city": "Bonn"}),)),), match="weather", role="user"),
        Rule((Reply(text="It rains."),), match="rain", role="tool"),
    )
)


async def acts(gate: Live, *names: str) -> dict[str, Any]:
    env = {"OPENAI_BASE_URL": f"{gate.url}/v1", "OPENAI_API_KEY": gate.token}
    return await run("openai_1", *names, env=env)


async def test_chat_responses_tools_embeddings_and_completions_work_and_no_address_leaves(tmp_path: Path) -> None:
    said = "write to bob@example.com"
    async with live(tmp_path, script=PLAY) as gate:
        told = await acts(gate, "chat", "responses", "tools", "beside")
        assert told["chat"] == {"plain": said, "stream": said}
        assert told["responses"] == {"plain": said, "stream": said, "final": said}
        assert (told["tools"]["arguments"], told["tools"]["after"]) == ('{"city":"Bonn"}', "It rains.")
        finish, words = told["tools"]["refused"]
        assert finish == "stop"
        assert "offers no tool of the name weather" in words
        assert told["beside"] == {"vectors": 2, "completion": said, "models": ["m"]}
        assert not [seen for seen in gate.upstream.seen if b"@example.com" in seen.body]


async def test_a_budget_stop_reaches_the_client_once(tmp_path: Path) -> None:
    async with live(tmp_path, caps=(Cap("nano_usd", 1),)) as gate:
        told = await acts(gate, "budget", "error")
        assert [(each["status"], each["code"]) for each in told["budget"]] == [(402, "budget_exceeded")] * 4
        assert told["error"] == {"kind": "NotFoundError", "status": 404, "code": "model_not_found"}
        assert len(gate.records("refusal")) == 5
        assert not gate.upstream.seen
