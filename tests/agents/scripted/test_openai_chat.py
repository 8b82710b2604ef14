"""The dialect as its own SDK reads it, over real sockets."""

import json
from typing import Any

import httpx
import openai
import pytest

from agents.scripted import Reply, Rule, Script, ScriptedServer, ToolCall
from agents.scripted.openai_chat import read

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "Hello, grüß dich"}]


def sdk(server: ScriptedServer) -> Any:
    """Any: the tests read what came, not what the SDK's unions allow."""
    return openai.AsyncOpenAI(api_key="sk-test", base_url=f"{server.url}/v1", max_retries=0)


async def test_the_sdk_reads_a_plain_echo_with_its_usage_and_the_bill_agrees() -> None:
    async with ScriptedServer() as server, sdk(server) as client:
        got = await client.chat.completions.create(model="m", messages=HELLO, n=2)
        assert [choice.message.content for choice in got.choices] == ["Hello, grüß dich"] * 2
        assert got.choices[0].finish_reason == "stop"
        total = server.bill.total
        assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (5, 10)
        assert (total.prompt_tokens, total.completion_tokens) == (5, 10)
        assert server.bill.rows.keys() == {("sk-test", "m")}


async def test_the_sdk_reads_a_stream_of_two_choices_and_its_usage_chunk() -> None:
    async with ScriptedServer() as server, sdk(server) as client:
        stream = await client.chat.completions.create(
            model="m", messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}
        )
        usage: Any = None
        finishes: list[str] = []
        texts = {0: "", 1: ""}
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                finishes += [choice.finish_reason] if choice.finish_reason else []
        assert set(texts.values()) == {"Hello, grüß dich"}
        assert finishes == ["stop", "stop"]
        assert usage.completion_tokens == server.bill.total.completion_tokens == 10


async def test_a_stream_reports_usage_only_if_asked() -> None:
    async with ScriptedServer() as server, sdk(server) as client:
        stream = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
        chunks = [chunk async for chunk in stream]
        assert all(chunk.usage is None and chunk.choices for chunk in chunks)


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls_come_whole_with_ids_of_their_own(stream: bool) -> None:
    calls = (ToolCall("look", {"place": "Paris"}), ToolCall("broken", '{"half": '))
    script = Script(rules=(Rule(replies=(Reply(tool_calls=calls), Reply("done"))),))
    async with ScriptedServer(script) as server, sdk(server) as client:
        got: dict[int, list[str]] = {}
        if stream:
            events = await client.chat.completions.create(model="m", messages=HELLO, stream=True)
            async for chunk in events:
                for delta in chunk.choices[0].delta.tool_calls or []:
                    whole = got.setdefault(delta.index, [delta.id, delta.function.name, ""])
                    whole[2] += delta.function.arguments
        else:
            reply = await client.chat.completions.create(model="m", messages=HELLO)
            assert reply.choices[0].finish_reason == "tool_calls"
            for index, call in enumerate(reply.choices[0].message.tool_calls):
                got[index] = [call.id, call.function.name, call.function.arguments]
        assert [call[1:] for call in got.values()] == [["look", '{"place":"Paris"}'], ["broken", '{"half": ']]
        assert len({call[0] for call in got.values()}) == 2
        assert all(len(call[0]) <= 40 for call in got.values())


async def test_output_limits_are_kept_whichever_field_names_them() -> None:
    async with ScriptedServer() as server, sdk(server) as client:
        for name in ("max_tokens", "max_completion_tokens"):
            got = await client.chat.completions.create(model="m", messages=HELLO, **{name: 2})
            assert got.choices[0].finish_reason == "length"
            assert got.usage.completion_tokens == 2


@pytest.mark.parametrize(
    "body", ["{", "[]", "{}", '{"messages": []}', '{"messages": [1]}', '{"messages": [{}], "n": 0}']
)
async def test_what_is_no_chat_request_gets_400_and_costs_nothing(body: str) -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = await client.post(f"{server.url}/v1/chat/completions", content=body)
        assert got.status_code == 400
        assert got.json()["error"]["type"] == "invalid_request_error"
        assert not server.bill.entries


def test_everything_that_a_provider_would_bill_as_input_is_counted() -> None:
    messages = [
        {"role": "system", "content": "abcd"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "x"}]},
        {"role": "tool", "tool_call_id": "x", "content": "abcdefgh"},
    ]
    asked = read(json.dumps({"model": "m", "messages": messages, "tools": [{"type": "function"}]}).encode())
    assert asked.prompt_tokens == 1 + 3 + 2 + 6
    assert (asked.last_role, asked.last_text, asked.user_text, asked.assistant_turns) == ("tool", "abcdefgh", "", 1)
