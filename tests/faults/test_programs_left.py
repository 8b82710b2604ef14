"""An MCP server that is a program ends with the gateway that started it, told to stop or killed."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.faults.process import Served, serving, write
from tests.gateway.tools.test_stdio import settings

pytestmark = pytest.mark.anyio


async def pid_of(served: Served) -> int:
    async with served.client() as http:
        for method, params in (("tools/list", {}), ("tools/call", {"name": "do", "arguments": {"what": "pid"}})):
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            answer = (await http.post("/mcp/notes", json=body)).json()
    return int(answer["result"]["content"][0]["text"])


async def gone(pid: int) -> None:
    """Wait until a process that is not our child is no more."""
    async with asyncio.timeout(15):
        while lives(pid):  # noqa: ASYNC110 - nobody tells who is not its parent
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether it runs; one that is dead may wait for a parent that never asks."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return " Z " not in stat.read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_it_ends_with_the_gateway(number: signal.Signals, tmp_path: Path) -> None:
    path = write(tmp_path, "http://127.0.0.1:9", mcp=[settings(deadline_s=20)])
    async with serving(path) as served:
        pid = await pid_of(served)
        os.kill(pid, 0)
        served.process.send_signal(number)
        await asyncio.wait_for(served.process.wait(), 20)
        await gone(pid)
