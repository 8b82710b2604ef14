"""The official MCP SDK, client and server, in its own environment, with the gateway between them."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import environment, run
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

SERVE = Path(__file__).parent / "mcp" / "serve.py"
KNOWN = [{"name": "find", "price_usd": "0.01"}, {"name": "think"}, {"name": "later"}, {"name": "drop", "writes": True}]
MODES = ("legacy", "2026-07-28")


@contextlib.asynccontextmanager
async def serving(*options: str, port: int = 0, script: Path = SERVE) -> AsyncIterator[int]:
    """Run the server; yield its port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that ended may have left it waiting
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    python = await asyncio.to_thread(environment, "mcp")
    process = await asyncio.create_subprocess_exec(str(python), str(script), str(port), *options)
    try:
        async with asyncio.timeout(30):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        await process.wait()


def server(port: int, folder: Path, **more: Any) -> dict[str, Any]:
    (folder / "credential").write_text("house")
    known = {"name": "notes", "url": f"http://127.0.0.1:{port}/mcp", "private_networks": ["127.0.0.0/8"]}
    return {**known, "credential": "file/credential", "tools": KNOWN, **more}


async def acts(gate: Live, *modes: str) -> dict[str, Any]:
    return await run("mcp", *modes, env={"MCP_URL": f"{gate.url}/mcp/notes", "MCP_KEY": gate.token})


async def test_the_client_works_in_both_versions_and_every_call_is_checked_priced_and_booked(tmp_path: Path) -> None:
    async with serving() as port, live(tmp_path, mcp=[server(port, tmp_path)]) as gate:
        told = await acts(gate, *MODES)
        for mode in MODES:
            said = told[mode]
            assert said["tools"] == ["drop", "find", "later", "think"]
            assert said["find"]["error"] is False
            assert "anna@example.com" not in said["find"]["text"]
            assert said["find"]["text"].endswith("about rain")
            assert said["wrong"]["error"] is True
            assert "do not fit" in said["wrong"]["text"]
            assert said["drop"] == {"error": False, "text": "dropped a"}
            assert said["later"] == {"error": False, "text": "here at last"}
            assert (said["resource"], said["prompt"]) == ("note one", "Sum up: it")
            assert said["think"].get("error", True) is True
        outcomes = [record for record in gate.records("outcome") if record["tool"]["name"] == "notes.find"]
        assert [record["tools"][0]["decision"] for record in outcomes] == ["executed", "executed"]
        assert [record["billed"][0]["nano_usd"] for record in outcomes] == [10_000_000, 10_000_000]


async def test_a_server_that_is_a_program_gives_clients_of_both_versions_the_same(tmp_path: Path) -> None:
    python = await asyncio.to_thread(environment, "mcp")
    program = {"name": "notes", "command": [str(python), str(SERVE), "stdio"], "tools": KNOWN}
    async with live(tmp_path, mcp=[program]) as gate:
        told = await acts(gate, *MODES)
        for mode in MODES:
            assert told[mode]["tools"] == ["drop", "find", "later", "think"]
            assert told[mode]["find"]["text"].endswith("about rain")
            assert "anna@example.com" not in told[mode]["find"]["text"]
            assert told[mode]["wrong"]["error"] is True
            assert (told[mode]["resource"], told[mode]["prompt"]) == ("note one", "Sum up: it")
            assert told[mode]["think"].get("error", True) is True


async def test_tools_are_filtered_by_the_profile(tmp_path: Path) -> None:
    profiles = [{"name": "default", "tools": {"allow": ["notes.drop", "notes.resources/read", "notes.prompts/get"]}}]
    async with serving() as port, live(tmp_path, mcp=[server(port, tmp_path)], profiles=profiles) as gate:
        told = (await acts(gate, "legacy"))["legacy"]
        assert told["tools"] == ["drop"]
        assert told["drop"]["error"] is False
        assert told["think"]["error"] is True


async def test_a_tool_that_says_something_else_later_is_neither_listed_nor_called(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with serving() as port:
            gate = await stack.enter_async_context(live(tmp_path, mcp=[server(port, tmp_path)]))
            assert (await acts(gate, "legacy"))["legacy"]["tools"] == ["drop", "find", "later", "think"]
        async with serving("changed", port=port):
            assert (await acts(gate, "legacy"))["legacy"]["tools"] == ["drop", "later", "think"]
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find"}}
            refused = (await gate.http.post("/mcp/notes", json=body)).json()
            assert refused["result"]["isError"] is True
            assert "description changed" in refused["result"]["content"][0]["text"]
            _, token = await gate.app.registry.create_key("test", "house", name="boss", role="approver")
            boss = {"authorization": f"Bearer {token}"}
            (asked,) = (await gate.http.get("/v1/approvals", headers=boss)).json()["data"]
            assert (asked["tool"], asked["rule"]) == ("notes.find", "changed")
            assert "evil.example" in asked["arguments"]
            approved = await gate.http.post(f"/v1/approvals/{asked['id']}/approve", headers=boss)
            assert approved.status_code == 200
            await acts(gate, "legacy")
            assert (await acts(gate, "legacy"))["legacy"]["tools"] == ["drop", "find", "later", "think"]
