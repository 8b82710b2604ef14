import httpx
import orjson
import pytest

from agents.scripted import Reply, Script, ScriptedServer, ToolCall

pytestmark = pytest.mark.anyio


def body(**more: object) -> dict[str, object]:
    return {"model": "c", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello there"}], **more}


def parse(text: str) -> list[dict[str, object]]:
    events = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        tree = orjson.loads(data.removeprefix("data: "))
        assert name == f"event: {tree['type']}"
        events.append(tree)
    return events


async def test_a_plain_echo_has_a_text_block_a_stop_reason_and_the_usage_that_is_billed() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient(headers={"x-api-key": "sk-ant"}) as client:
        got = (await client.post(f"{server.url}/v1/messages", json=body())).json()
        assert got["content"] == [{"type": "text", "text": "Hello there"}]
        assert got["stop_reason"] == "end_turn"
        assert (got["usage"]["input_tokens"], got["usage"]["output_tokens"]) == (3, 3)
        assert server.bill.rows[("sk-ant", "c")].prompt_tokens == 3


async def test_a_stream_orders_its_blocks_text_first_then_each_tool() -> None:
    reply = Reply("Let me see", tool_calls=(ToolCall("look", {"place": "Paris"}),), cached_tokens=2)
    async with ScriptedServer(Script(steps=(reply, reply))) as server, httpx.AsyncClient() as client:
        plain = (await client.post(f"{server.url}/v1/messages", json=body())).json()
        events = parse((await client.post(f"{server.url}/v1/messages", json=body(stream=True))).text)
        kinds = [event["type"] for event in events]
        assert kinds[0] == "message_start"
        assert kinds[-2:] == ["message_delta", "message_stop"]
        starts = [event for event in events if event["type"] == "content_block_start"]
        assert [start["index"] for start in starts] == [0, 1]
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        text = "".join(delta.get("text", "") for delta in deltas)  # type: ignore[attr-defined]
        arguments = "".join(delta.get("partial_json", "") for delta in deltas)  # type: ignore[attr-defined]
        assert text == plain["content"][0]["text"] == "Let me see"
        assert orjson.loads(arguments) == plain["content"][1]["input"] == {"place": "Paris"}
        assert plain["stop_reason"] == "tool_use"
        assert plain["usage"]["cache_read_input_tokens"] == 2
        assert events[-2]["usage"] == {"output_tokens": plain["usage"]["output_tokens"]}


async def test_a_request_without_its_limit_is_400_in_the_dialects_own_words() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = await client.post(f"{server.url}/v1/messages", json={"model": "c", "messages": [{"role": "user"}]})
        assert got.status_code == 400
        assert got.json()["error"] == {"type": "invalid_request_error", "message": "max_tokens: Field required"}


async def test_a_stream_without_finish_has_neither_delta_nor_stop() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        server.fault("no_finish")
        events = parse((await client.post(f"{server.url}/v1/messages", json=body(stream=True))).text)
        assert not {"message_delta", "message_stop"} & {event["type"] for event in events}


async def test_a_tool_result_is_the_last_role_that_rules_see() -> None:
    result = [{"type": "tool_result", "tool_use_id": "x", "content": "42"}]
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        messages = [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": "a"},
            {"role": "user", "content": result},
        ]
        script = {"rules": [{"role": "tool", "match": "^42$", "replies": [{"text": "no"}, {"text": "seen"}]}]}
        await client.post(f"{server.url}/control", json={"script": script})
        got = (await client.post(f"{server.url}/v1/messages", json=body(messages=messages))).json()
        assert got["content"][0]["text"] == "seen"
