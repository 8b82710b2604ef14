"""Responses through the whole gateway, with the official client in front, and what is special to the dialect."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from agents.scripted import Fault, Reply, Rule, Script, ToolCall
from gateway.dialects.responses_reply import ResponsesReader
from limits.accounts import Cap
from tests.gateway.dialects.conformance import Spoken
from tests.gateway.dialects.speech_responses import plain
from tests.gateway.live import live

pytestmark = pytest.mark.anyio


TOOL: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


PLAY = Script(
    rules=(
        Rule((Reply(text="Let me look.", tool_calls=(ToolCall("weather", {"city": "Bonn for a@example.com"}),)),),
             match="weather", role="user"),
        Rule((Reply(text="It rains."),), match="rain", role="tool"),
    )
)  # fmt: skip


async def test_the_official_client_gets_text_plain_and_streamed(tmp_path: Path) -> None:
    async with live(tmp_path) as gate, gate.client() as client:
        said = "write to bob@example.com"
        reply = await client.responses.create(model="m", input=said)
        assert reply.output_text == said
        assert reply.usage is not None
        async with client.responses.stream(model="m", input=said) as events:
            deltas = "".join([event.delta async for event in events if event.type == "response.output_text.delta"])
            final = await events.get_final_response()
        assert deltas == final.output_text == said
        assert not [seen for seen in gate.upstream.seen if b"bob@example.com" in seen.body]
        assert {record["status"]["finish"] for record in gate.records("outcome")} == {"completed"}
        billed = [part["nano_usd"] for record in gate.records("outcome") for part in record["billed"]]
        entries = gate.upstream.bill.entries
        assert billed == [1_000 * entry.prompt_tokens + 2_000 * entry.completion_tokens for entry in entries]


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_official_client_calls_tools_and_gives_results_back(tmp_path: Path, streamed: bool) -> None:
    async with live(tmp_path, script=PLAY) as gate, gate.client() as client:
        sent: list[Any] = [{"role": "user", "content": "the weather?"}]
        if streamed:
            async with client.responses.stream(model="m", input=sent, tools=[TOOL]) as events:
                reply: Any = await events.get_final_response()
        else:
            reply = await client.responses.create(model="m", input=sent, tools=[TOOL])
        message, call = reply.output
        assert message.content[0].text == "Let me look."
        assert json.loads(call.arguments) == {"city": "Bonn for a@example.com"}
        sent += [call.model_dump(exclude_none=True, include={"type", "call_id", "name", "arguments"})]
        sent.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain"})
        assert (await client.responses.create(model="m", input=sent, tools=[TOOL])).output_text == "It rains."
        assert not [seen for seen in gate.upstream.seen if b"a@example.com" in seen.body]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_call_that_was_not_offered_is_a_message_to_the_client(tmp_path: Path, streamed: bool) -> None:
    async with live(tmp_path, script=PLAY) as gate, gate.client() as client:
        other: Any = {**TOOL, "name": "other"}
        if streamed:
            async with client.responses.stream(model="m", input="the weather?", tools=[other]) as events:
                reply: Any = await events.get_final_response()
        else:
            reply = await client.responses.create(model="m", input="the weather?", tools=[other])
        assert [item.type for item in reply.output] == ["message", "message"]
        assert "offers no tool of the name weather" in reply.output_text


async def test_a_budget_stop_is_told_once_and_a_broken_stream_raises(tmp_path: Path) -> None:
    async with live(tmp_path, caps=(Cap("nano_usd", 1),)) as gate, gate.client(max_retries=2) as client:
        for streamed in (False, True):
            with pytest.raises(openai.APIStatusError) as caught:
                await client.responses.create(model="m", input="x", stream=streamed)
            assert (caught.value.status_code, caught.value.code) == (402, "budget_exceeded")
        assert len(gate.records("refusal")) == 2
    (tmp_path / "b").mkdir()
    fault = Fault("reset", after_events=8)
    script = Script(rules=(Rule((Reply(event_chars=1, event_gap_s=0.01, fault=fault),)),))
    async with live(tmp_path / "b", script=script) as gate, gate.client(max_retries=2) as client:
        events = await client.responses.create(model="m", input="a longer text that is cut", stream=True)
        with pytest.raises(openai.APIError) as broken:
            async for _ in events:
                pass
        assert broken.value.code == "upstream_error"
        assert len(gate.upstream.seen) == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_key_goes_on_from_its_own_response_and_nobody_elses(tmp_path: Path, streamed: bool) -> None:
    async with live(tmp_path) as gate, gate.client() as client, gate.client(await gate.new_key()) as other:
        if streamed:
            async with client.responses.stream(model="m", input="a first word") as events:
                first: Any = await events.get_final_response()
        else:
            first = await client.responses.create(model="m", input="a first word")
        again = await client.responses.create(model="m", input="and more", previous_response_id=first.id)
        assert again.output_text == "and more"
        assert json.loads(gate.upstream.seen[-1].body)["previous_response_id"] == first.id
        weighed = [record["hold"]["input_tokens"] for record in gate.records("intent")]
        alone = first.usage.input_tokens + first.usage.output_tokens
        assert weighed[1] >= weighed[0] - len("a first word") + len("and more") + alone
        for who, minted in ((other, first.id), (client, "resp_of_somebody"), (client, "")):
            with pytest.raises(openai.NotFoundError) as caught:
                await who.responses.create(model="m", input="x", previous_response_id=minted)
            assert caught.value.code == "not_found"
        assert len(gate.upstream.seen) == 2
        rows = gate.app.house.book.query("SELECT * FROM state_bond", ())
        assert len(rows) == 2
        assert first.id not in str(rows)


async def test_what_the_provider_does_not_keep_is_not_bound_and_what_it_keeps_is_not_cached(tmp_path: Path) -> None:
    profiles = [{"name": "default", "cache": {"ttl_s": 60}}]
    async with live(tmp_path, profiles=profiles) as gate:
        for store, upstream in ((True, 2), (False, 3)):
            for _ in range(2):
                body = {"model": "m", "input": "x", "store": store}
                assert (await gate.http.post("/v1/responses", json=body)).status_code == 200
            assert len(gate.upstream.seen) == upstream
    tree = {**plain(Spoken(("a",))), "store": False}
    assert ResponsesReader().whole(tree).mints is None
