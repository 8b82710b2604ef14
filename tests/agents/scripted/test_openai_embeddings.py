import httpx
import pytest

from agents.scripted import ScriptedServer

pytestmark = pytest.mark.anyio


async def test_each_input_has_a_vector_and_only_the_input_is_billed() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = (await client.post(f"{server.url}/v1/embeddings", json={"model": "m", "input": ["one", "two"]})).json()
        assert [each["index"] for each in got["data"]] == [0, 1]
        assert got["usage"] == {"prompt_tokens": 2, "total_tokens": 2}
        (entry,) = server.bill.entries
        assert (entry.prompt_tokens, entry.completion_tokens) == (2, 0)
        assert (await client.post(f"{server.url}/v1/embeddings", json={"model": "m", "input": [1]})).status_code == 400
