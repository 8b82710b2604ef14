"""Tools, seen from outside: the official client in front, a scripted provider behind."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def tool(name: str = "weather", schema: Any = CITY) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def proposing(*calls: ToolCall, text: str | None = None, **members: Any) -> Script:
    return Script(rules=(Rule((Reply(text=text, tool_calls=calls, **members),)),))


BERLIN = ToolCall("weather", {"city": "Berlin"})


def calls_of(reply: Any) -> list[Any]:
    return reply.choices[0].message.tool_calls or []


def history(times: int, *, result: str = "rain", arguments: str = '{"city":"Berlin"}') -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "weather?"}]
    for at in range(times):
        call = {"id": f"call_{at}", "type": "function", "function": {"name": "weather", "arguments": arguments}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"call_{at}", "content": result})
    return messages


@pytest.mark.parametrize("stream", [False, True])
async def test_a_valid_call_passes_as_it_is_and_the_outcome_says_it_was_authorised(
    tmp_path: Path, stream: bool
) -> None:
    async with (
        live(tmp_path, script=proposing(BERLIN, text="Let me look.", event_chars=1)) as gate,
        gate.client() as client,
    ):
        request = chat("weather?", tools=[tool()])
        if stream:
            events = client.chat.completions.stream(**request)
            async with events as running:
                reply = await running.get_final_completion()
        else:
            reply = await client.chat.completions.create(**request)
        message = reply.choices[0].message
        assert message.content == "Let me look."
        (call,) = calls_of(reply)
        assert (call.function.name, call.function.arguments) == ("weather", '{"city":"Berlin"}')
        assert reply.choices[0].finish_reason == "tool_calls"
        (outcome,) = gate.records("outcome")
        (told,) = outcome["tools"]
        assert (told["name"], told["decision"], told["id"]) == ("weather", "authorised", call.id)
        assert "Berlin" not in json.dumps(outcome)


REFUSED = {
    "unknown": ((ToolCall("drop_table", {}),), "offers no tool of the name drop_table"),
    "required": ((ToolCall("weather", {}),), "do not fit its schema (required)"),
    "type": ((ToolCall("weather", {"city": 7}),), "do not fit its schema (type at /city)"),
    "json": ((ToolCall("weather", '{"city": "Ber'),), "do not fit its schema (json)"),
    "twice": ((ToolCall("weather", '{"city":"a","city":"b"}'),), "do not fit its schema (json)"),
    "object": ((ToolCall("weather", '["city"]'),), "do not fit its schema (object)"),
    "id": ((ToolCall("weather", {"city": "a"}, id="x"), ToolCall("weather", {"city": "b"}, id="x")), "have one id"),
    "one of two": ((BERLIN, ToolCall("weather", {"town": 1})), "do not fit its schema"),
    "identical": ((BERLIN,) * 5, "was called 4 times without progress (identical); call 5 is refused"),
}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refused_call_takes_all_of_its_message_with_it_and_ends_normally(tmp_path: Path, stream: bool) -> None:
    steps = tuple(Reply(text="Hm.", tool_calls=calls, event_chars=1) for calls, _ in REFUSED.values())
    own_ids = {"capability": {"ids": "strong"}}
    async with live(tmp_path, script=Script(steps=steps), up=own_ids) as gate, gate.client() as client:
        for case, (_, words) in REFUSED.items():
            request = chat("weather?", tools=[tool()])
            if stream:
                async with client.chat.completions.stream(**request) as running:
                    reply: Any = await running.get_final_completion()
            else:
                reply = await client.chat.completions.create(**request)
            message = reply.choices[0].message
            assert not message.tool_calls, case
            assert message.content.startswith("Hm."), case
            assert words in message.content, case
            assert reply.choices[0].finish_reason == "stop", case
        for outcome in gate.records("outcome"):
            assert {told["decision"] for told in outcome["tools"]} <= {"refused", "withheld"}
            assert outcome["billed"][0]["mark"] == "billed"


async def test_where_no_text_can_stand_for_the_call_it_is_an_error_and_still_billed(tmp_path: Path) -> None:
    demands: list[dict[str, Any]] = [{"tool_choice": "required"}, {"response_format": {"type": "json_object"}}]
    async with live(tmp_path, script=proposing(ToolCall("weather", {}))) as gate, gate.client() as client:

        async def ask(stream: bool, demand: dict[str, Any]) -> None:
            reply = await client.chat.completions.create(**chat("?", tools=[tool()], stream=stream, **demand))
            async for _ in reply:
                pass

        for demand in demands:
            for stream in (False, True):
                with pytest.raises(openai.APIError) as caught:
                    await ask(stream, demand)
                assert caught.value.code == "tool_call_invalid"
        outcomes = gate.records("outcome")
        assert [outcome["status"]["http"] for outcome in outcomes] == [422] * 4
        assert {outcome["billed"][0]["mark"] for outcome in outcomes} == {"billed"}


async def test_the_policy_error_is_a_422(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"on_refusal": "error"}}]
    async with live(tmp_path, script=proposing(ToolCall("weather", {})), profiles=profiles) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat("?", tools=[tool()]))
        assert (reply.status_code, reply.json()["error"]["code"]) == (422, "tool_call_invalid")


async def test_a_tool_outside_the_allow_list_or_at_the_provider_is_refused_before_it_costs(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"allow": ["mail_*"]}}]
    async with live(tmp_path, profiles=profiles) as gate:
        for offered in (tool(), {"type": "web_search"}):
            reply = await gate.http.post("/v1/chat/completions", json=chat("?", tools=[offered]))
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "tool_not_allowed")
        reply = await gate.http.post("/v1/chat/completions", json=chat("?", tools=[tool("mail_send")]))
        assert reply.status_code == 200
        assert len(gate.upstream.seen) == 1


SCHEMAS_REFUSED: tuple[Any, ...] = (
    {"$ref": "http://127.0.0.1:1/schema"},
    {"$ref": "file:///etc/passwd"},
    {"type": "objekt"},
    {"properties": {"a": {"description": "x" * 300_000}}},
    {"allOf": [{"$ref": "#"}]},
    7,
)


async def test_a_schema_that_cannot_be_checked_is_refused_and_not_quoted(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for schema in SCHEMAS_REFUSED:
            reply = await gate.http.post("/v1/chat/completions", json=chat("?", tools=[tool("weather", schema)]))
            assert (reply.status_code, reply.json()["error"]["param"]) == (400, "tools[0].parameters")
            assert "127.0.0.1" not in reply.text
            assert "objekt" not in reply.text
        assert not gate.upstream.seen


async def test_the_third_identical_call_is_nudged_in_its_result_the_same_way_every_time(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for times in (2, 3, 4):
            reply = await gate.http.post(
                "/v1/chat/completions", json={"model": "m", "messages": history(times), "tools": [tool()]}
            )
            assert reply.status_code == 200
        results = [
            [message["content"] for message in json.loads(seen.body)["messages"] if message["role"] == "tool"]
            for seen in gate.upstream.seen
        ]
        assert results[0] == ["rain", "rain"]
        note = results[1][2].removeprefix("rain\n\n")
        assert note.startswith("[Note from the gateway: weather has now been called 3 times")
        assert results[2] == ["rain", "rain", f"rain\n\n{note}", "rain"]


async def test_the_fifth_identical_call_is_refused_and_a_polling_tool_is_not(tmp_path: Path) -> None:
    profiles = [{"name": "support", "tools": {"polling": ["weather"]}}]
    async with live(tmp_path, script=proposing(BERLIN), profiles=profiles) as gate:
        polling = await gate.new_key(profile="support")
        for token, refused in ((gate.token, True), (polling, False)):
            async with gate.client(token) as client:
                reply = await client.chat.completions.create(**chat("", messages=history(4), tools=[tool()]))
            assert bool(reply.choices[0].message.tool_calls) is not refused
            assert ("loop" in str(reply.choices[0].message.content) or not refused) or "identical" in str(reply)


async def test_results_that_change_are_progress(tmp_path: Path) -> None:
    messages = history(4)
    for at, message in enumerate(message for message in messages if message["role"] == "tool"):
        message["content"] = f"result {at}"
    async with live(tmp_path, script=proposing(BERLIN)) as gate, gate.client() as client:
        reply = await client.chat.completions.create(**chat("", messages=messages, tools=[tool()]))
        assert reply.choices[0].message.tool_calls


async def test_a_runs_tool_calls_are_counted_once_however_often_its_history_is_sent(tmp_path: Path) -> None:
    profiles = [{"name": "default", "run": {"tool_calls": 2, "steps": "unlimited"}}]
    script = Script(rules=(Rule((Reply(tool_calls=(BERLIN,)),), role="user"), Rule((Reply(text="done"),), role="tool")))
    async with live(tmp_path, script=script, profiles=profiles) as gate, gate.client() as client:
        run = {"x-run-id": "r1"}

        async def ask(messages: list[dict[str, Any]]) -> Any:
            reply = await client.chat.completions.create(
                **chat("", messages=messages, tools=[tool()]), extra_headers=run
            )
            return reply.choices[0].message

        messages = [{"role": "user", "content": "a"}]
        first = await ask(messages)
        messages += [first.to_dict(), {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "rain"}]
        for _ in range(3):
            assert (await ask(messages)).content == "done"
        second = await ask([*messages, {"role": "user", "content": "b"}])
        assert second.tool_calls
        third = await ask([*messages, {"role": "user", "content": "c"}])
        assert not third.tool_calls
        assert "may use 2 tool_calls" in str(third.content)
        told = [each["decision"] for record in gate.records("outcome") for each in record.get("tools", ())]
        assert told == ["authorised", "result", "authorised", "refused"]
        entries = [entry for record in gate.records() for entry in record.get("ledger", ()) if entry["t"] == "count1"]
        assert sum(entry.get("c", 1) for entry in entries if entry["d"] == "tool_calls") == 2


async def test_a_refused_call_may_be_asked_for_again_once(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"ask_again": True}}]
    script = Script(steps=(Reply(tool_calls=(ToolCall("weather", {"town": "x"}),)), Reply(tool_calls=(BERLIN,))))
    async with live(tmp_path, script=script, profiles=profiles) as gate, gate.client() as client:
        reply = await client.chat.completions.create(**chat("weather?", tools=[tool()]))
        (call,) = calls_of(reply)
        assert call.function.arguments == '{"city":"Berlin"}'
        again = json.loads(gate.upstream.seen[1].body)["messages"]
        assert "town" in again[-2]["content"]
        assert "do not fit its schema" in again[-1]["content"]
        (outcome,) = gate.records("outcome")
        assert len(outcome["billed"]) == 2


async def test_text_flows_while_calls_are_held(tmp_path: Path) -> None:
    script = proposing(BERLIN, text="One two three. ", event_gap_s=0.05)
    async with live(tmp_path, script=script) as gate:
        body = chat("weather?", tools=[tool()], stream=True)
        async with gate.http.stream("POST", "/v1/chat/completions", json=body) as reply:
            pieces = [(time.monotonic(), line) async for line in reply.aiter_lines()]
    texts = [at for at, line in pieces if '"content":"' in line]
    calls = [at for at, line in pieces if "tool_calls" in line]
    assert len(texts) > 2
    assert texts[0] < calls[0] - 0.2
    assert calls[-1] - calls[0] < 0.05


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_whose_authorisation_cannot_be_written_are_never_released(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, script=proposing(BERLIN, delay_s=0.3, text="Hm. ")) as gate:
        body = chat("weather?", tools=[tool()], stream=stream)
        asked = asyncio.create_task(gate.http.post("/v1/chat/completions", json=body))
        async with asyncio.timeout(10):
            while not gate.upstream.seen:  # noqa: ASYNC110 - the provider tells nobody
                await asyncio.sleep(0.01)
        await asyncio.to_thread(gate.app.house.book.close)
        reply = await asked
        assert "audit_unavailable" in reply.text
        assert "Berlin" not in reply.text
        assert "tool_calls" not in reply.text
        assert reply.status_code == (200 if stream else 503)


async def test_a_custom_tools_free_text_is_held_and_passes_without_a_schema(tmp_path: Path) -> None:
    offered = {"type": "custom", "custom": {"name": "note"}}
    async with live(tmp_path) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat("?", tools=[offered]))
        assert reply.status_code == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_where_none_was_offered_is_refused(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, script=proposing(BERLIN)) as gate:
        reply = await gate.http.post("/v1/chat/completions", json=chat("?", stream=stream))
        assert "offers no tool of the name weather" in reply.text
        assert "tool_calls" not in reply.text
