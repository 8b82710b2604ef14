import httpx
import pytest

from agents.scripted import ScriptedServer

pytestmark = pytest.mark.anyio


async def test_nothing_is_flagged_and_nothing_billed() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = (await client.post(f"{server.url}/v1/moderations", json={"model": "m", "input": "one"})).json()
        assert [result["flagged"] for result in got["results"]] == [False]
        assert not server.bill.entries
