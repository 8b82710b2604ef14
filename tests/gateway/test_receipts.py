"""A key is told what each of its calls came to: as the answer said it, and whoever asks later or elsewhere."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Fault, Reply, Rule
from gateway.errors import AuditUnavailable, InProgress
from gateway.receipts import _WAITING_MAX, SEARCH_NAME, Receipts
from tests.faults.exact import script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio


async def receipt(gate: Live, answered: httpx.Response, token: str | None = None) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token or gate.token}"}
    call_id = answered.headers["x-tollhouse-call-id"]
    reply = await gate.http.get(f"/v1/calls/{call_id}", headers=headers)
    told: dict[str, Any] = reply.json()
    assert reply.status_code == 200 or told["error"]["code"] == "not_found"
    return told


async def test_plain_and_streamed_calls_are_told_with_the_figures_that_their_answers_gave(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        plain = await gate.http.post("/v1/chat/completions", json=chat("I am bob@example.com"))
        told = await receipt(gate, plain)
        assert (told["object"], told["status"], told["http"], told["finish"]) == ("call", "complete", 200, "stop")
        assert (told["model"], told["route"], told["redacted"]) == ("m", "/v1/chat/completions", 1)
        for name in ("cost_usd", "input_tokens", "output_tokens"):
            assert str(told[name]) == plain.headers[f"x-tollhouse-{name.replace('_', '-')}"]
        streamed = await gate.http.post("/v1/chat/completions", json=chat("hello", stream=True))
        (said,) = (line for line in streamed.text.split("\n") if line.startswith(": tollhouse"))
        figures = json.loads(said.removeprefix(": tollhouse "))
        told = await receipt(gate, streamed)
        assert {name: str(told[name]) for name in figures if name != "overhead_ms"} == {
            name: value for name, value in figures.items() if name != "overhead_ms"
        }
        assert 0 <= float(told["overhead_ms"]) <= float(figures["overhead_ms"]) + 1


async def test_refused_and_failed_calls_say_why_and_a_run_is_named(tmp_path: Path) -> None:
    played = script(rules=(Rule((Reply("x", fault=Fault("status")),), match="break"), Rule((Reply("fine"),))))
    retries = {"retries": {"attempts_max": 1}}
    async with live(tmp_path, script=played, model=retries) as gate:
        refused = await gate.http.post("/v1/chat/completions", json={**chat("x"), "web_search_options": {"a": 1}})
        told = await receipt(gate, refused)
        assert (told["status"], told["code"], told["cost_usd"]) == ("refusal", "unbounded_cost", "0.00")
        failed = await gate.http.post("/v1/chat/completions", json=chat("break"))
        told = await receipt(gate, failed)
        assert (told["status"], told["http"], told["code"]) == ("failed", 502, "upstream_error")
        assert told["attempts"] == 1
        run = (await gate.http.post("/v1/runs", json={})).json()
        own = {"authorization": f"Bearer {run['key']}"}
        inside = await gate.http.post("/v1/chat/completions", json=chat("x"), headers=own)
        told = await receipt(gate, inside, run["key"])
        assert (told["run"], told["step"]) == (run["id"], 1)
        assert await receipt(gate, inside) == told, "the key that opened the run sees it too"
        assert (await receipt(gate, failed, run["key"]))["error"], "a run's key sees its run alone"


async def test_nobody_elses_call_is_told_and_no_other_id(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        mine = await gate.http.post("/v1/chat/completions", json=chat("x"))
        assert (await receipt(gate, mine, await gate.new_key()))["error"]["code"] == "not_found"
        for call_id in ("call_1", f"call_{'0' * 24}", "call_%00", mine.headers["x-tollhouse-call-id"].upper()):
            reply = await gate.http.get(f"/v1/calls/{call_id}")
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found")


async def test_a_call_is_told_while_it_is_under_way_and_after_a_restart(tmp_path: Path) -> None:
    slow = script(rules=(Rule((Reply("slow words", event_chars=1, event_gap_s=0.05),)),))
    async with live(tmp_path, script=slow) as gate:
        async with gate.http.stream("POST", "/v1/chat/completions", json=chat("x", stream=True)) as answered:
            told = await receipt(gate, answered)
            assert (told["status"], float(told["reserved_usd"]) > 0) == ("in_progress", True)
            await answered.aread()
        token = gate.token
    async with live(tmp_path, again=True) as gate:
        assert (await receipt(gate, answered, token))["status"] == "complete"


async def test_a_tools_call_is_told_by_the_tools_name(tmp_path: Path) -> None:
    tools = [{"name": "look", "kind": "local", "parameters": {"type": "object"}}]
    async with live(tmp_path, tools=tools) as gate:
        called = await gate.http.post("/v1/tools/look/authorize", json={"arguments": {}})
        assert (await receipt(gate, called))["tool"] == "look"


async def test_a_large_book_is_indexed_so_many_records_a_question(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for _ in range(4):
            answered = await gate.http.post("/v1/chat/completions", json=chat("x"))
        call_id, book = answered.headers["x-tollhouse-call-id"], gate.app.house.book
        receipts = Receipts(tmp_path, book, records_max=3)
        for done in range(3, book.size, 3):
            with pytest.raises(InProgress, match=f"{done} of {book.size} records"):
                await receipts.of(gate.key, call_id)
        assert (await receipts.of(gate.key, call_id))["status"] == "complete"


async def test_questions_are_bounded_and_an_index_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        answered = await gate.http.post("/v1/chat/completions", json=chat("x"))
        call_id = answered.headers["x-tollhouse-call-id"]
        receipts = Receipts(tmp_path, gate.app.house.book)
        many = [receipts.of(gate.key, call_id) for _ in range(_WAITING_MAX + 1)]
        told = await asyncio.gather(*many, return_exceptions=True)
        assert [type(each) for each in told] == [dict] * _WAITING_MAX + [InProgress]
        (tmp_path / "odd" / SEARCH_NAME).mkdir(parents=True)
        with pytest.raises(AuditUnavailable):
            await Receipts(tmp_path / "odd", gate.app.house.book).of(gate.key, call_id)
