"""What the official `openai` client of the 1.x line does beside what every client does, in its own environment."""

from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from limits.accounts import Cap
from tests.clients.environments import run
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

CALL = ToolCall("weather", {"city": "Bonn"})
PLAY = Script(rules=(Rule((Reply(tool_calls=(CALL,)),), match="weather", role="user"),))


async def acts(gate: Live, *names: str) -> dict[str, Any]:
    env = {"OPENAI_BASE_URL": f"{gate.url}/v1", "OPENAI_API_KEY": gate.token}
    return await run("openai_1", *names, env=env)


async def test_embeddings_and_completions_work_and_a_call_of_no_offered_tool_ends_with_words(tmp_path: Path) -> None:
    async with live(tmp_path, script=PLAY) as gate:
        told = await acts(gate, "refused", "beside")
        finish, words = told["refused"]
        assert finish == "stop"
        assert "offers no tool of the name weather" in words
        assert told["beside"] == {"vectors": 2, "completion": "write to bob@example.com", "models": ["m"]}
        assert not [seen for seen in gate.upstream.seen if b"@example.com" in seen.body]


async def test_a_budget_stop_of_embeddings_reaches_the_client_once(tmp_path: Path) -> None:
    async with live(tmp_path, caps=(Cap("nano_usd", 1),)) as gate:
        assert (await acts(gate, "budget"))["budget"] == [402, "budget_exceeded"]
        assert len(gate.records("refusal")) == 1
        assert not gate.upstream.seen
