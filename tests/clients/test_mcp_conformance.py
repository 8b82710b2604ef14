"""The official MCP conformance suite gives through the gateway what it gives without."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.clients.environments import node, packages
from tests.clients.test_mcp import serving
from tests.gateway.live import live

pytestmark = pytest.mark.anyio

SERVER = Path(__file__).parent / "mcp" / "conforming.py"
SUITE = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
REFUSED = {"tools-call-sampling"}
"""What passes without the gateway only: a server that samples would call a model unmetered."""
_VERDICT = re.compile(r"^([✓✗]) ([a-z0-9-]+): (\d+) passed", re.MULTILINE)


async def verdicts(url: str, key: str, folder: Path) -> dict[str, bool]:
    """Run the suite against a server; return which scenarios it passes."""
    program, beside = await asyncio.to_thread(node), await asyncio.to_thread(packages)
    command = [str(program), "--import", "./bearer.mjs", SUITE, "server", "--url", url, "--output-dir", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=beside,
        env={"PATH": os.environ["PATH"], "KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    found = _VERDICT.findall(out.decode())
    assert len(found) >= 25, out.decode() + err.decode()
    return {name: mark == "✓" for mark, name, _ in found}


@contextlib.asynccontextmanager
async def through(port: int, folder: Path) -> AsyncIterator[tuple[str, str]]:
    server = {"name": "all", "url": f"http://127.0.0.1:{port}/mcp", "private_networks": ["127.0.0.0/8"]}
    async with live(folder, mcp=[server]) as gate:
        yield f"{gate.url}/mcp/all", gate.token


async def test_what_passes_without_the_gateway_passes_through_it(tmp_path: Path) -> None:
    async with serving(script=SERVER) as port, through(port, tmp_path) as (url, key):
        without = await verdicts(f"http://127.0.0.1:{port}/mcp", "nobody", tmp_path / "without")
        behind = await verdicts(url, key, tmp_path / "through")
    assert without.keys() == behind.keys()
    assert sum(without.values()) >= 24
    assert {name for name in without if without[name] and not behind[name]} <= REFUSED
    assert not any(behind[name] for name in REFUSED)  # on a busy machine it may fail without the gateway too
    assert not {name for name in without if behind[name] and not without[name]}
