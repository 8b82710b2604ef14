from pathlib import Path

import httpx
import pytest

from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio


async def test_a_flood_of_strangers_is_one_record(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        before = len(gate.records())
        async with httpx.AsyncClient(base_url=gate.url) as stranger:
            for token in ("", "sk-th-nobody", "sk-th-run-nobody"):
                headers = {"authorization": f"Bearer {token}"} if token else {}
                reply = await stranger.post("/v1/chat/completions", json=chat("hi"), headers=headers)
                assert reply.status_code == 401
                assert reply.json()["error"]["code"] == "invalid_api_key"
        assert len(gate.records()) == before
        await gate.app.strangers.write()
        await gate.app.strangers.write()
        (record,) = gate.records("strangers")
        assert record["counts"] == {"invalid_api_key": 3}
