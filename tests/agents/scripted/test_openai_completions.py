import httpx
import orjson
import pytest

from agents.scripted import ScriptedServer

pytestmark = pytest.mark.anyio


async def test_choices_take_turns_and_say_plain_what_they_say_streamed() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        asked = {"model": "m", "prompt": "Hello there", "n": 2}
        plain = (await client.post(f"{server.url}/v1/completions", json=asked)).json()
        assert [choice["text"] for choice in plain["choices"]] == ["Hello there", "Hello there"]
        options = {"include_usage": True}
        text = (
            await client.post(f"{server.url}/v1/completions", json={**asked, "stream": True, "stream_options": options})
        ).text
        assert text.endswith("data: [DONE]\n\n")
        chunks = [orjson.loads(block[6:]) for block in text.split("\n\n")[:-2]]
        said = ["", ""]
        for choice in (choice for chunk in chunks for choice in chunk["choices"]):
            said[choice["index"]] += choice["text"]
        assert said == ["Hello there", "Hello there"]
        assert chunks[-1]["usage"] == plain["usage"]


async def test_sixteen_tokens_are_said_unless_more_are_asked_for() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = (await client.post(f"{server.url}/v1/completions", json={"model": "m", "prompt": "x" * 100})).json()
        assert (len(got["choices"][0]["text"]), got["choices"][0]["finish_reason"]) == (64, "length")
        assert (await client.post(f"{server.url}/v1/completions", json={"prompt": [1]})).status_code == 400
