"""What a call may cost is held before it is sent, lowered to what is left, waited for, or refused with both figures."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule
from limits.accounts import Cap
from tests.faults.exact import ECHO, balances, quiet, script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
THINKING = script(rules=(Rule((Reply(delay_s=0.4),), match="think"), Rule((Reply(delay_s=2),), match="ponder")))


async def ask(gate: Live, text: str = "hello", **members: Any) -> httpx.Response:
    return await gate.http.post(PATH, json=chat(text, **members))


def refused(reply: httpx.Response) -> tuple[int, str, str | None]:
    error = reply.json()["error"]
    return reply.status_code, error["code"], error["param"]


async def test_the_hold_is_the_bound_of_input_and_output_and_falls_to_what_was_billed(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        reply = await ask(gate, "abcd" * 10, max_tokens=100, n=3)
        await quiet(gate)
        (intent,) = gate.records("intent")
        assert intent["hold"]["input_tokens"] == 40 + 16 + 8
        assert intent["hold"]["output_tokens"] == 300
        assert intent["hold"]["nano_usd"] == 64 * 1_000 + 300 * 2_000
        assert reply.headers["x-tollhouse-reserved-usd"] == "0.000664"
        assert reply.headers["x-tollhouse-cost-usd"] == "0.00007"
        assert balances(gate).nano == gate.upstream.bill.total.nano_dollars == 10 * 1_000 + 30 * 2_000


async def test_the_limit_goes_out_in_the_target_s_own_field_and_no_other(tmp_path: Path) -> None:
    up = {"capability": {"output_limit_field": "max_completion_tokens"}}
    async with live(tmp_path, script=ECHO, up=up) as gate:
        await ask(gate, max_tokens=7)
        await ask(gate)
        bodies = [seen.body for seen in gate.upstream.seen]
        assert b'"max_completion_tokens":7' in bodies[0]
        assert b"max_tokens" not in bodies[0]
        assert b'"max_completion_tokens":4096' in bodies[1]


async def test_an_output_that_is_too_dear_is_lowered_and_said_so_but_not_below_its_floor(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, caps=(Cap("nano_usd", 1_100_000),)) as gate:
        lowered = await ask(gate, max_tokens=5_000)
        told = int(lowered.headers["x-tollhouse-clamped"])
        assert 256 <= told < 550
        assert f'"max_tokens":{told}'.encode() in gate.upstream.seen[-1].body
        outcome = gate.records("outcome")[-1]
        assert {"stage": "budget", "decision": "clamped", "output_tokens": told, "wanted": 5_000} in outcome[
            "decisions"
        ]
        await gate.app.registry.set_caps("test", "acme", (Cap("nano_usd", balances(gate).nano + 400_000),))
        assert refused(await ask(gate, max_tokens=5_000)) == (402, "budget_exceeded", "tenant.usd")
        assert (await ask(gate, max_tokens=50)).status_code == 200, "a small maximum is served as asked"


async def test_a_refusal_names_limit_use_and_need(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, caps=(Cap("tokens", 100),)) as gate:
        reply = await ask(gate, "word " * 200)
        assert refused(reply) == (402, "budget_exceeded", "tenant.tokens")
        error = reply.json()["error"]
        assert (error["limit"], error["actual"]) == (100, 0)
        assert "100 tokens" in error["message"]
        assert reply.headers["x-should-retry"] == "false"
        assert not gate.upstream.seen


async def test_what_is_only_held_is_waited_for_and_then_granted(tmp_path: Path) -> None:
    profiles = [{"name": "default", "budget_wait_s": 5}]
    async with live(tmp_path, script=THINKING, caps=(Cap("nano_usd", 900_000),), profiles=profiles) as gate:
        first, second = await asyncio.gather(ask(gate, "think", max_tokens=400), ask(gate, "think", max_tokens=400))
        assert (first.status_code, second.status_code) == (200, 200)
        assert "x-tollhouse-clamped" not in second.headers


async def test_what_stays_held_is_429_with_retry_after_and_costs_no_step(tmp_path: Path) -> None:
    profiles = [{"name": "default", "budget_wait_s": 0.1}]
    async with live(tmp_path, script=THINKING, caps=(Cap("nano_usd", 900_000),), profiles=profiles) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        headers = {"x-run-id": run["id"]}
        first = asyncio.ensure_future(ask(gate, "ponder", max_tokens=400))
        async with asyncio.timeout(30):
            while not gate.upstream.seen:  # noqa: ASYNC110 - the provider wakes nobody
                await asyncio.sleep(0.01)
        second = await gate.http.post(PATH, json=chat("hello", max_tokens=400), headers=headers)
        assert refused(second) == (429, "budget_held", "tenant.usd")
        assert int(second.headers["retry-after"]) >= 1
        assert "x-should-retry" not in second.headers
        assert (await first).status_code == 200
        used = (await gate.http.get(f"/v1/runs/{run['id']}")).json()["used"]
        assert used["steps"] == 0


async def test_a_profile_s_own_limit_of_a_call_is_named_as_such(tmp_path: Path) -> None:
    profiles = [{"name": "default", "call": {"usd": "0.0005", "input_tokens_max": 300}}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate:
        assert refused(await ask(gate, "word " * 400)) == (402, "budget_exceeded", "call.input_tokens")
        assert refused(await ask(gate, max_tokens=256, n=4)) == (402, "budget_exceeded", "call.usd")
        assert (await ask(gate, max_tokens=200)).status_code == 200


@pytest.mark.parametrize(
    "members",
    [
        {"web_search_options": {"search_context_size": "low"}},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
    ],
)
async def test_what_cannot_be_bounded_is_refused(tmp_path: Path, members: dict[str, Any]) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        assert refused(await ask(gate, **members))[:2] == (400, "unbounded_cost")
        assert not gate.upstream.seen


async def test_an_unknown_price_is_refused(tmp_path: Path) -> None:
    model = {"targets": [{"upstream": "up", "model": "nobody-s-model-7"}], "price": None}
    async with live(tmp_path, script=ECHO, model=model) as gate:
        assert refused(await ask(gate))[:2] == (400, "price_unknown")


async def test_a_retry_s_hold_replaces_its_predecessor_s(tmp_path: Path) -> None:
    model = {"retries": {"attempts_max": 2, "base_s": 0.01, "cap_s": 0.01}}
    cap = (Cap("nano_usd", 300_000),)
    async with live(tmp_path, script=ECHO, model=model, caps=cap) as gate:
        gate.upstream.fault("status", status=503, times=1)
        reply = await ask(gate, max_tokens=100)
        assert reply.status_code == 200, "two holds of 229,000 would not fit"
        await quiet(gate)
        assert not gate.ledger.books._open


async def test_what_is_left_of_a_run_is_told_after_this_call_s_hold(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        run = (await gate.http.post("/v1/runs", json={"limits": {"tokens": 1_000}})).json()
        reply = await gate.http.post(PATH, json=chat("hello", max_tokens=300), headers={"x-run-id": run["id"]})
        assert reply.headers["x-tollhouse-run-remaining"].startswith("tokens=671, usd=0.49")


async def test_a_retry_does_not_wait_for_what_its_own_call_was_charged(tmp_path: Path) -> None:
    """The first attempt's charge is not yet on disk; it is spent all the same, and nobody else is in the way."""
    model = {"retries": {"attempts_max": 2, "base_s": 0.01, "cap_s": 0.01}}
    async with live(tmp_path, script=ECHO, model=model, caps=(Cap("nano_usd", 300_000),)) as gate:
        gate.upstream.fault("lose_reply", times=1)
        async with asyncio.timeout(5):
            reply = await ask(gate, max_tokens=100)
        assert refused(reply) == (402, "budget_exceeded", "tenant.usd")
        assert reply.json()["error"]["actual"] == "0.000229"
    (tmp_path / "roomier").mkdir()
    async with live(tmp_path / "roomier", script=ECHO, model=model, caps=(Cap("nano_usd", 1_600_000),)) as gate:
        gate.upstream.fault("lose_reply", times=1)
        async with asyncio.timeout(5):
            reply = await ask(gate, max_tokens=500)
        assert reply.status_code == 200
        assert 256 <= int(reply.headers["x-tollhouse-clamped"]) < 300
