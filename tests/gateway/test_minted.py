"""A run that nobody declared is known again by the ids that its calls were answered with, and by nothing weaker."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, ToolCall
from gateway.dialects import openai_request
from gateway.minted import brought_by
from gateway.runs import INFERRED_S
from limits.clock import ManualClock
from limits.money import usd_to_nano
from tests.faults.exact import ends, script
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

STRONG = {"kind": "openai"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
LOOKS = script(rules=(Rule((Reply("", tool_calls=(ToolCall("look", {}),)),), match="look"), Rule((Reply("fine"),))))
Messages = list[dict[str, Any]]


async def ask(gate: Live, messages: Messages, *, token: str | None = None, **headers: str) -> tuple[str | None, Any]:
    """Ask in the chat dialect; return the run that the reply names, and its message."""
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    body = {"model": "m", "messages": messages, "tools": [TOOL]}
    reply = await gate.http.post("/v1/chat/completions", json=body, headers=headers)
    tree = reply.json()
    return reply.headers.get("x-tollhouse-run-id"), tree["choices"][0]["message"] if "choices" in tree else tree


def answered(messages: Messages, said: dict[str, Any], result: str) -> Messages:
    """Return the conversation with the model's tool calls and their results."""
    results = [{"role": "tool", "tool_call_id": call["id"], "content": result} for call in said["tool_calls"]]
    return [*messages, said, *results]


async def begun(gate: Live, **headers: str) -> Messages:
    """Return a conversation whose model has called a tool, and has its result."""
    opening: Messages = [{"role": "user", "content": "look there"}]
    _, said = await ask(gate, opening, **headers)
    return answered(opening, said, "look again")


async def test_a_run_opens_when_an_id_comes_back_and_its_calls_count_into_it(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        opening: Messages = [{"role": "user", "content": "look there"}]
        first, said = await ask(gate, opening)
        assert first is None
        assert not list(gate.app.house.directory.runs()), "a call that nobody goes on from opens nothing"
        second, said_too = await ask(gate, turn := answered(opening, said, "look again"))
        third, _ = await ask(gate, answered(turn, said_too, "done"))
        assert second == third is not None
        (run,) = gate.app.house.directory.runs()
        assert (run.id, run.origin, run.limits.steps) == (second, "inferred", None)
        charged = [record["billed"][0]["nano_usd"] for record in gate.records("outcome")]
        assert run.limits.nano_usd == usd_to_nano("0.50") - charged[0], "the first call is paid from the run too"
        told = (await gate.http.get(f"/v1/runs/{second}")).json()
        assert (told["origin"], told["used"]["steps"], told["used"]["tool_calls"]) == ("inferred", 2, 2)
        assert usd_to_nano(told["used"]["usd"]) == sum(charged[1:])
        assert [record["run_by"] for record in ends(gate)] == ["own", "inferred", "inferred"]


async def test_ids_of_others_of_two_runs_and_of_nobody_lead_nowhere(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        one, two = await begun(gate), await begun(gate)
        other = await gate.new_key()
        unknown = json.loads(json.dumps(one).replace("call_", "call_0"))
        for messages, token in ((one, other), ([*one, *two], None), (unknown, None)):
            run, _ = await ask(gate, messages, token=token)
            assert run is None
        assert not list(gate.app.house.directory.runs())


@pytest.mark.parametrize(
    ("parts", "run_by"),
    [
        ({}, "inferred"),  # any compatible server: its ids may be counters, so others were given
        ({"up": {"capability": {"ids": "strong"}}}, "inferred"),
        ({"up": STRONG, "profiles": [{"name": "default", "run_identity": "off"}]}, "own"),
    ],
)
async def test_ids_lead_to_a_run_whoever_minted_them_and_a_profile_may_do_without(
    tmp_path: Path, parts: dict[str, Any], run_by: str
) -> None:
    async with live(tmp_path, script=LOOKS, **parts) as gate:
        await ask(gate, await begun(gate))
        assert ends(gate)[-1]["run_by"] == run_by


async def test_two_hundred_users_of_one_key_with_equal_openings_never_meet(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        gate.http.headers["user-agent"] = "everybody's"

        slots = asyncio.Semaphore(20)

        async def user() -> str | None:
            async with slots:
                run, _ = await ask(gate, await begun(gate))
                return run

        runs = await asyncio.gather(*(user() for _ in range(200)))
        assert None not in runs
        assert len(set(runs)) == 200
        told = [(await gate.http.get(f"/v1/runs/{run}")).json()["used"]["steps"] for run in runs[::40]]
        assert told == [1] * 5


async def test_equal_openings_alone_are_runs_of_their_own_whatever_else_they_share(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        weak = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "x-session-id": "one"}
        for _ in range(3):
            body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "user": "u", "prompt_cache_key": "k"}
            await gate.http.post("/v1/chat/completions", json=body, headers=weak)
        assert {record["run_by"] for record in ends(gate)} == {"own"}
        assert len({record["session"] for record in ends(gate)}) == 1


async def test_calls_that_go_on_at_once_open_their_run_once(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        turn = await begun(gate)
        runs = await asyncio.gather(*(ask(gate, turn) for _ in range(8)))
        assert len({run for run, _ in runs}) == 1
        assert len(list(gate.app.house.directory.runs())) == 1


async def test_ids_lead_to_their_run_after_a_restart(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        turn, fresh, token = await begun(gate), await begun(gate), gate.token
        before, _ = await ask(gate, turn)
    async with live(tmp_path, script=LOOKS, up=STRONG, again=True) as gate:
        after, _ = await ask(gate, turn, token=token)
        assert after == before is not None
        opened, _ = await ask(gate, fresh, token=token)
        assert opened not in (None, before)


async def test_an_inferred_run_that_was_ended_takes_nothing_more(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        run, said = await ask(gate, turn := await begun(gate))
        assert (await gate.http.post(f"/v1/runs/{run}/cancel")).json()["status"] == "ended"
        _, refused = await ask(gate, answered(turn, said, "done"))
        assert refused["error"]["code"] == "run_ended"


async def test_an_inferred_run_ends_at_its_dollars_and_at_nothing_else(tmp_path: Path) -> None:
    profiles = [{"name": "default", "run": {"usd": "0.0009", "steps": 1, "tokens": 1, "tool_calls": 1}}]
    async with live(tmp_path, script=LOOKS, up=STRONG, profiles=profiles) as gate:
        turn = await begun(gate)
        for _ in range(40):
            run, said = await ask(gate, turn)
            if run is None or "error" in said:
                break
            turn = answered(turn, said, "look further")
        assert (said["error"]["code"], said["error"]["param"]) == ("budget_exceeded", "run.usd")
        assert len(gate.upstream.seen) > 2, "neither steps nor tokens nor tool calls bound it"


async def test_a_week_later_the_same_ids_begin_anew(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, script=LOOKS, up=STRONG, clock=clock) as gate:
        run, _ = await ask(gate, turn := await begun(gate))
        assert run is not None
        clock.turn(INFERRED_S)
        run, _ = await ask(gate, turn)
        assert run is None


async def test_where_half_of_all_places_are_taken_nothing_is_inferred(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        turn = await begun(gate)
        gate.app.house.directory._runs_max = 2
        await gate.http.post("/v1/runs", json={})
        run, said = await ask(gate, turn)
        assert run is None
        assert "tool_calls" in said, "the call is served all the same"


async def test_in_a_session_a_users_turn_begins_a_run(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up=STRONG) as gate:
        named = {"x-claude-code-session-id": "s"}
        run, said = await ask(gate, turn := await begun(gate, **named), **named)
        turn = [*answered(turn, said, "enough"), {"role": "assistant", "content": "fine"}]
        turn.append({"role": "user", "content": "now look elsewhere"})
        alone, said = await ask(gate, turn, **named)
        assert alone is None
        another, _ = await ask(gate, answered(turn, said, "done"), **named)
        assert None not in (run, another)
        assert run != another
        assert len({record["session"] for record in ends(gate)}) == 1


def test_a_turn_begins_where_a_user_speaks_and_brings_no_result() -> None:
    def brought(*tail: dict[str, Any], in_session: bool = True) -> list[str]:
        call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        messages = [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": "y"},
            *tail,
        ]
        return brought_by(openai_request.parse({"model": "m", "messages": messages}), in_session=in_session)

    assert brought() == ["a"]
    assert brought({"role": "user", "content": "z"}) == []
    assert brought({"role": "user", "content": "z"}, in_session=False) == ["a"]


async def test_messages_and_responses_are_known_again_by_their_own_ids(tmp_path: Path) -> None:
    async with live(tmp_path, script=LOOKS, up={"kind": "openai", "dialects": ["anthropic_messages"]}) as gate:
        opening = {"role": "user", "content": "look there"}
        body = {"model": "m", "max_tokens": 500, "messages": [opening], "tools": [{"name": "look", "input_schema": {}}]}
        said = (await gate.http.post("/v1/messages", json=body)).json()["content"]
        (use,) = (block for block in said if block["type"] == "tool_use")
        result = {"type": "tool_result", "tool_use_id": use["id"], "content": "done"}
        reminder = {"type": "text", "text": "remember"}
        body["messages"] = [
            opening,
            {"role": "assistant", "content": said},
            {"role": "user", "content": [result, reminder]},
        ]
        named = {"x-claude-code-session-id": "s"}
        reply = await gate.http.post("/v1/messages", json=body, headers=named)
        assert "x-tollhouse-run-id" in reply.headers, "a text beside a result does not begin a turn"
    (tmp_path / "b").mkdir()
    async with live(tmp_path / "b", script=LOOKS, up=STRONG) as gate:
        tools = [{"type": "function", "name": "look", "parameters": {}}]
        first = (await gate.http.post("/v1/responses", json={"model": "m", "input": "look", "tools": tools})).json()
        output = {"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": "done"}
        by_call = {"model": "m", "input": [output], "tools": tools}
        one = await gate.http.post("/v1/responses", json=by_call)
        two = await gate.http.post("/v1/responses", json={**by_call, "previous_response_id": first["id"]})
        assert one.headers["x-tollhouse-run-id"] == two.headers["x-tollhouse-run-id"]


async def test_what_was_hidden_in_a_call_comes_back_in_the_one_that_goes_on_from_it(tmp_path: Path) -> None:
    async with live(tmp_path, up=STRONG) as gate:
        first = await gate.http.post("/v1/responses", json={"model": "m", "input": "write to bob@example.com"})
        hidden = json.loads(gate.upstream.seen[-1].body)["input"].split()[-1]
        assert "@" not in hidden
        body = {"model": "m", "input": f"who is {hidden}?", "previous_response_id": first.json()["id"]}
        again = await gate.http.post("/v1/responses", json=body)
        assert again.json()["output"][0]["content"][0]["text"] == "who is bob@example.com?"


@pytest.mark.parametrize("changing", [False, True])
async def test_a_loop_is_seen_though_the_provider_keeps_the_history_and_progress_too(
    tmp_path: Path, changing: bool
) -> None:
    always = script(rules=(Rule((Reply(tool_calls=(ToolCall("look", {"at": 1}),)),)),))
    tools = [{"type": "function", "name": "look", "parameters": {}}]
    async with live(tmp_path, script=always, up=STRONG) as gate:
        body: dict[str, Any] = {"model": "m", "input": "look there", "tools": tools}
        kinds = []
        for at in range(6):
            said = (await gate.http.post("/v1/responses", json=body)).json()
            (item,) = said["output"]
            kinds.append(item["type"])
            if item["type"] == "function_call":
                seen = f"nothing at {at if changing else 'all'}"
                output = {"type": "function_call_output", "call_id": item["call_id"], "output": seen}
                body = {**body, "input": [output], "previous_response_id": said["id"]}
        assert kinds[:4] == ["function_call"] * 4
        assert kinds[4] == ("function_call" if changing else "message")
        (run,) = gate.app.house.directory.runs()
        account = gate.ledger.books.run(run.id)
        assert account is not None
        assert account.counts[1] == (6 if changing else 4)
