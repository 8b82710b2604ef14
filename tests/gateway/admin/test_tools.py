"""`/admin/tools` and `tollhouse tools`: who may call what, and how it does."""

from pathlib import Path

import pytest

from tests.gateway.live import live
from tests.gateway.tools.shop import shop

pytestmark = pytest.mark.anyio


async def test_it_tells_who_may_call_and_how_the_tool_does(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"allow": ["find"]}}]
    async with shop() as tool:
        tools = [tool.settings("find", price_usd="0.01"), {"name": "read", "kind": "local"}]
        mcp = [{"name": "notes", "url": "https://notes.example/mcp", "tools": [{"name": "drop"}]}]
        async with live(tmp_path, tools=tools, mcp=mcp, profiles=profiles) as gate:
            await gate.http.post("/v1/tools/find/call", json={"arguments": {"q": "a"}})
            await gate.http.post("/v1/tools/find/call", json={"arguments": {"q": 1}})
            admin = {"authorization": f"Bearer {gate.app.house.admin_token}"}
            told = (await gate.http.get("/admin/tools", headers=admin)).json()["tools"]
            shown = {each["name"]: each for each in told}
            assert (shown["find"]["calls"], shown["find"]["errors"]) == (2, 1)
            assert (shown["find"]["spent_nano_usd"], shown["find"]["breaker"]) == (10_000_000, "closed")
            assert shown["find"]["mean_ms"] > 0
            assert shown["find"]["tenants"] == ["acme"]
            assert (shown["read"]["tenants"], shown["read"]["breaker"]) == ([], "")
            assert (shown["notes.drop"]["kind"], shown["notes.drop"]["breaker"]) == ("mcp", "closed")
            assert (await gate.http.get("/admin/tools")).status_code in (401, 403)
