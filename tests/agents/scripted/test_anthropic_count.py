import httpx
import pytest

from agents.scripted import ScriptedServer

pytestmark = pytest.mark.anyio


async def test_tokens_are_counted_for_nothing_and_what_counting_does_not_know_is_refused() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        asked = {"model": "m", "messages": [{"role": "user", "content": "12345678"}]}
        got = await client.post(f"{server.url}/v1/messages/count_tokens", json=asked)
        assert got.json() == {"input_tokens": 2}
        assert not server.bill.entries
        wrong = await client.post(f"{server.url}/v1/messages/count_tokens", json={**asked, "max_tokens": 5})
        assert wrong.status_code == 400
        assert wrong.json()["error"]["message"] == "max_tokens: Extra inputs are not permitted"
