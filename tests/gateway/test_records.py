"""What the book says of a call: integers and strings, nothing of what was said, and how it ended."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.exact import ECHO, QUICK, ends
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


def leaves(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [leaf for value in node.values() for leaf in leaves(value)]
    if isinstance(node, list):
        return [leaf for value in node for leaf in leaves(value)]
    return [node]


async def test_intent_and_outcome_say_who_what_and_how_much_and_nothing_that_was_said(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, model={"retries": QUICK}) as gate:
        gate.upstream.fault("status", status=500, times=1)
        secret = "the secret words of bob@example.com"
        headers = {"x-run-id": "ticket 7", "x-session-id": "s of bob", "x-tollhouse-phase": "act"}
        await gate.http.post(PATH, json=chat(secret, max_tokens=9, metadata={"who": "alice@x.org"}), headers=headers)
        intents, (outcome,) = gate.records("intent"), gate.records("outcome")
        assert [intent["attempt"] for intent in intents] == [1, 2]
        for record in (*intents, outcome):
            assert record["call"] == outcome["call"]
            assert record["key"] == gate.key.id
            assert record["model"] == "m"
            assert record["phase"] == "act"
            assert record["run_by"] == "header"
            assert all(type(leaf) in (int, str) for leaf in leaves(record))
        assert [billed["mark"] for billed in outcome["billed"]] == ["released", "billed"]
        assert outcome["billed"][0]["failure"] == "upstream_error"
        assert {billed["price"] for billed in outcome["billed"]} == {"configuration 1"}
        assert outcome["findings"]["email.request.tokenize"] == 2
        assert outcome["status"] == {"http": 200, "finish": "length"}
        assert outcome["times"]["total"] >= outcome["times"]["upstream"] >= 0
        said = str(gate.records())
        assert not [word for word in ("secret", "bob", "alice", "ticket 7") if word in said]


async def test_a_refusal_is_one_record_with_its_rule_limit_and_figure(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, profiles=[{"name": "default", "call": {"input_tokens_max": 30}}]) as gate:
        await gate.http.post(PATH, json=chat("word " * 100))
        (record,) = ends(gate)
        assert record["kind"] == "refusal"
        assert record["status"] == {
            "http": 402,
            "code": "budget_exceeded",
            "param": "call.input_tokens",
            "limit": 30,
            "actual": record["status"]["actual"],
        }
        assert not gate.records("intent")


async def test_a_refusal_s_place_never_holds_a_name_that_the_client_made(tmp_path: Path) -> None:
    """A schema's property may be called anything, also by a person's address."""
    profiles = [{"name": "default", "guards": {"request": {"email": "block"}}}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate:
        schema = {"type": "object", "properties": {"carol@example.com": {"description": "mail bob@example.com"}}}
        tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
        reply = await gate.http.post(PATH, json=chat("x", tools=tools))
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "content_blocked")
        said = str(gate.records())
        assert "carol" not in said
        assert "bob" not in said
