"""A tool at the provider runs only by policy, with a price, held in full before and settled by what was used."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from limits.entries import HoldEntry, from_dict
from tests.gateway.live import PRICE, Live, live
from tests.gateway.tools.shop import Shop, shop

pytestmark = pytest.mark.anyio

SEARCH = {"type": "web_search"}
POLICY = {"web_search": {"uses_max": 2, "input_tokens_per_use": 1_000}, "file_search": {"vector_stores": ["vs_1"]}}
MODEL = {"price": PRICE, "usd_per_thousand_uses": {"web_search": "10", "file_search": "2.5"}}


def response(searches: int, usage: dict[str, Any] | None) -> dict[str, Any]:
    call = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}}
    text = {"type": "output_text", "text": "found", "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    head = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "store": False}
    return {**head, "output": [call] * searches + [said], "usage": usage}


@contextlib.asynccontextmanager
async def hosting(
    folder: Path, answer: dict[str, Any], model: dict[str, Any] | None = None, **profile: Any
) -> AsyncIterator[tuple[Live, Shop]]:
    """Run a gateway before a provider that has this answer to give, twice."""
    async with shop() as provider:
        provider.answers = [(200, "application/json", json.dumps(answer).encode())] * 2
        up = {"base_url": f"{provider.url}/v1", "dialects": ["openai_responses"]}
        profiles = [{"name": "default", "tools": {"hosted": POLICY}, **profile}]
        async with live(folder, up=up, model=model or MODEL, profiles=profiles) as gate:
            yield gate, provider


def held_by(intent: dict[str, Any]) -> HoldEntry:
    found = [entry for told in intent["ledger"] if isinstance(entry := from_dict(told), HoldEntry)]
    return found[0]


async def ask(gate: Live, *tools: dict[str, Any], **members: Any) -> Any:
    body = {"model": "m", "input": "hi", "max_output_tokens": 300, "tools": list(tools), "store": False, **members}
    return await gate.http.post("/v1/responses", json=body)


async def test_uses_are_held_at_their_most_and_settled_by_those_reported(tmp_path: Path) -> None:
    usage = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}
    async with hosting(tmp_path, response(1, usage)) as (gate, provider):
        mine = {"type": "function", "name": "mine", "parameters": {"type": "object"}}
        reply = await ask(gate, SEARCH, mine)
        assert reply.status_code == 200, reply.text
        assert provider.seen[0].json["max_tool_calls"] == 2, "the provider keeps to what was held"
        (intent,), (outcome,) = gate.records("intent"), gate.records("outcome")
        held = held_by(intent)
        searches, output = 2 * 10_000_000, 300 * 2_000
        assert held.nano >= searches + output + 3 * 2_000 * 1_000, "two results, read three times"
        (billed,) = outcome["billed"]
        assert (billed["mark"], billed["nano_usd"]) == ("billed", 10_000_000 + 1_000 * 1_000 + 100 * 2_000)
        assert {"stage": "budget", "decision": "hosted", "web_search": 1} in outcome["decisions"]


async def test_a_client_s_own_bound_is_kept_and_the_dearest_uses_are_held(tmp_path: Path) -> None:
    usage = {"input_tokens": 10, "output_tokens": 1}
    async with hosting(tmp_path, response(0, usage)) as (gate, provider):
        stores = {"type": "file_search", "vector_store_ids": ["vs_1"]}
        assert (await ask(gate, SEARCH, stores, max_tool_calls=1)).status_code == 200
        assert provider.seen[0].json["max_tool_calls"] == 1
        held = held_by(gate.records("intent")[0])
        assert 10_000_000 < held.nano < 20_000_000


async def test_without_a_report_or_with_uses_that_have_no_price_all_that_was_held_is_charged(tmp_path: Path) -> None:
    async with hosting(tmp_path, response(1, None)) as (gate, provider):
        assert (await ask(gate, SEARCH)).status_code == 200
        strange = response(1, {"input_tokens": 10, "output_tokens": 1})
        strange["output"][0] = {"type": "code_interpreter_call", "id": "ci_1", "status": "completed"}
        provider.answers = [(200, "application/json", json.dumps(strange).encode())]
        assert (await ask(gate, SEARCH)).status_code == 200
        for outcome, intent in zip(gate.records("outcome"), gate.records("intent"), strict=True):
            held = held_by(intent)
            (billed,) = outcome["billed"]
            assert (billed["mark"], billed["nano_usd"]) == ("uncertain", held.nano)


@pytest.mark.parametrize(
    ("tool", "code"),
    [
        ({"type": "image_generation"}, "tool_not_allowed"),
        ({"type": "code_interpreter", "container": {"type": "auto"}}, "tool_not_allowed"),
        ({"type": "file_search", "vector_store_ids": ["vs_of_another"]}, "tool_not_allowed"),
    ],
)
async def test_what_the_policy_does_not_name_is_refused_before_anything_is_sent(
    tmp_path: Path, tool: dict[str, Any], code: str
) -> None:
    async with hosting(tmp_path, response(0, None)) as (gate, provider):
        refused = await ask(gate, tool)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, code)
        assert not provider.seen


async def test_a_use_without_a_price_is_refused(tmp_path: Path) -> None:
    async with hosting(tmp_path, response(0, None), model={"price": PRICE}) as (gate, provider):
        refused = await ask(gate, SEARCH)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "price_unknown")
        assert "usd_per_thousand_uses" in refused.json()["error"]["message"]
        assert not provider.seen


async def test_the_price_package_s_price_of_a_use_is_taken_and_may_be_overridden(tmp_path: Path) -> None:
    model: dict[str, Any] = {"targets": [{"upstream": "up", "model": "claude-sonnet-4-5"}], "price": None}
    async with hosting(tmp_path, response(0, None), model=model) as (gate, _):
        listed = gate.app.catalogue["m"].targets[0].price()
        assert listed.uses["web_search"] == 10_000_000_000
    model = {**model, "usd_per_thousand_uses": {"web_search": "12"}}
    (tmp_path / "again").mkdir()
    async with hosting(tmp_path / "again", response(0, None), model=model) as (gate, _):
        assert gate.app.catalogue["m"].targets[0].price().uses["web_search"] == 12_000_000_000


async def test_results_of_an_earlier_use_weigh_and_need_a_policy(tmp_path: Path) -> None:
    before = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "q"},
    }
    question = {"role": "user", "content": "and now?"}
    usage = {"input_tokens": 900, "output_tokens": 1}
    async with hosting(tmp_path, response(0, usage)) as (gate, _):
        assert (await ask(gate, input=[before, question])).status_code == 200
        held = held_by(gate.records("intent")[0])
        assert held.input_tokens >= 20_000, "the most that any tool's result may be"
    (tmp_path / "without").mkdir()
    async with hosting(tmp_path / "without", response(0, usage), tools={}) as (gate, _):
        refused = await ask(gate, input=[before, question])
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unbounded_cost")
