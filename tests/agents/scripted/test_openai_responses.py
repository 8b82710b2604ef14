import httpx
import orjson
import pytest

from agents.scripted import Fault, Reply, Script, ScriptedServer, ToolCall

pytestmark = pytest.mark.anyio


def parse(text: str) -> list[dict[str, object]]:
    events = []
    for block in text.split("\n\n")[:-1]:
        name, said = block.split("\n")
        tree = orjson.loads(said.removeprefix("data: "))
        assert name == f"event: {tree['type']}"
        events.append(tree)
    return events


async def test_a_stream_ends_with_the_response_that_a_plain_call_gets() -> None:
    reply = Reply("Let me see", tool_calls=(ToolCall("look", {"place": "Paris"}),), cached_tokens=2, reasoning_tokens=5)
    async with ScriptedServer(Script(steps=(reply, reply))) as server, httpx.AsyncClient() as client:
        asked = {"model": "m", "input": "Hello there", "tools": [{"type": "function", "name": "look"}]}
        plain = (await client.post(f"{server.url}/v1/responses", json=asked)).json()
        events = parse((await client.post(f"{server.url}/v1/responses", json={**asked, "stream": True})).text)
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        last = events[-1]["response"]
        assert isinstance(last, dict)
        assert last["usage"] == plain["usage"]
        assert [item["type"] for item in plain["output"]] == ["message", "function_call"]
        assert [item["type"] for item in last["output"]] == ["message", "function_call"]
        assert plain["usage"]["output_tokens_details"] == {"reasoning_tokens": 5}
        deltas = [event["delta"] for event in events if str(event["type"]).endswith(".delta")]
        assert "".join(map(str, deltas)) == 'Let me see{"place":"Paris"}'
        assert server.bill.total.requests == 2


async def test_items_are_read_as_turns_and_results_as_a_tools() -> None:
    script = Script(steps=(Reply(),))
    async with ScriptedServer(script) as server, httpx.AsyncClient() as client:
        items = [
            {"role": "user", "content": [{"type": "input_text", "text": "first"}]},
            {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "found"},
        ]
        got = (await client.post(f"{server.url}/v1/responses", json={"model": "m", "input": items})).json()
        assert got["output"][0]["content"][0]["text"] == "first"


async def test_a_cut_answer_is_incomplete_and_a_stream_without_finish_has_no_end() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        asked = {"model": "m", "input": "one two three four", "max_output_tokens": 2}
        got = (await client.post(f"{server.url}/v1/responses", json=asked)).json()
        assert (got["status"], got["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
        server.fault(Fault("no_finish", times=1))
        text = (await client.post(f"{server.url}/v1/responses", json={**asked, "stream": True})).text
        assert "response.incomplete" not in text
        assert (await client.post(f"{server.url}/v1/responses", json={"model": "m"})).status_code == 400
