"""Every client of `tests/clients/table.py`, unmodified: answers, streams, tools, an error, a budget that stops it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from limits.accounts import Cap
from tests.clients.environments import told
from tests.clients.table import CLIENTS, MESSAGES, Client
from tests.gateway.live import PRICE, Live, live

pytestmark = pytest.mark.anyio

PLAY = Script(
    rules=(
        # What instructor calls a type that fills while it arrives.
        Rule((Reply(tool_calls=(ToolCall("Partialweather", {"city": "Bonn"}),)),), match="in part", role="user"),
        Rule((Reply(tool_calls=(ToolCall("weather", {"city": "Bonn"}),)),), match="weather", role="user"),
        Rule((Reply(text="Wait. ", tool_calls=(ToolCall("launch", {}),)),), match="launch", role="user"),
        # smolagents ends by calling a tool of its own.
        Rule((Reply(tool_calls=(ToolCall("final_answer", {"answer": "It rains."}),)),), match="Observation"),
        Rule((Reply(text="It rains."),), match="rain"),
    )
)
DEAR = {"input_usd_per_million": "1000000", "output_usd_per_million": "1000000"}


def model(name: str, price: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "targets": [{"upstream": "up", "model": name}], "price": price}


async def acts(gate: Live, client: Client) -> dict[str, Any]:
    command = await asyncio.to_thread(client.command)
    agents = ["refused"] if client.agent else []
    asked = ["plain", "stream", "tools", *agents, "error", "budget"]
    return await told([*command, *asked], client.environ(gate.url, gate.token))


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: f"{client.name} {client.api}")
async def test_a_client_works_and_is_stopped_once_by_error_and_budget(client: Client, tmp_path: Path) -> None:
    kind = "anthropic" if client.api == MESSAGES else "openai_compatible"
    models = [model("m", PRICE), model("dear", DEAR)]
    caps = (Cap("nano_usd", 1_000_000_000),)
    async with live(tmp_path, script=PLAY, up={"kind": kind}, models=models, caps=caps) as gate:
        said = await acts(gate, client)
        assert said["plain"] == said["stream"] == client.answer
        assert said["tools"] == {"arguments": {"city": "Bonn"}, "after": "It rains."}
        if client.agent:
            for form in ("plain", "stream"):
                assert "the request offers no tool of the name launch" in said["refused"][form]
        assert (said["error"]["kind"], said["error"]["status"]) == (client.missing, 404)
        for form in ("plain", "stream"):
            assert (said["budget"][form]["kind"], said["budget"][form]["status"]) == (client.stopped, 402), said[
                "budget"
            ]
            assert "tenant acme may use 1.00 usd" in said["budget"][form]["words"]
        assert [record["status"]["code"] for record in gate.records("refusal")] == [
            "model_not_found",
            "budget_exceeded",
            "budget_exceeded",
        ]
        assert {seen.path for seen in gate.upstream.seen} == {client.api}
        assert not [seen for seen in gate.upstream.seen if b"bob@example.com" in seen.body or b"dear" in seen.body]
        assert len(gate.upstream.seen) == len(gate.records("outcome")) == 4 + 2 * client.agent
