"""The agents of `docs/examples/frameworks`, in other people's frameworks, behind the gateway by `tollhouse exec`."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from agents.scripted import Reply, Script, ToolCall
from tests.clients.environments import environment
from tests.gateway.live import Live, live

AGENTS = Path(__file__).parents[2] / "docs/examples/frameworks"
MODEL = {"name": "gpt-4o-mini"}
PROGRAMS = sorted(path.name for path in AGENTS.glob("*_agent.py"))

pytestmark = pytest.mark.anyio


def reading(program: str) -> Script:
    """Return a model that reads eight tickets, one after the other, and then answers."""
    tool = "read_one" if program.startswith("agent_framework") else "read_ticket"
    calls = (Reply(tool_calls=(ToolCall(tool, {"number": number}),)) for number in range(1, 9))
    return Script(steps=(*calls, Reply(text="Invoices come late.")))


async def run(gate: Live, program: str, tokens: int) -> tuple[str, str]:
    """Run a program as one run of at most `tokens`; return what it says, and the account that is told."""
    python = await asyncio.to_thread(environment, "frameworks")
    command = [sys.executable, "-m", "gateway", "exec", "--url", gate.url, "--tokens", str(tokens), "--", str(python)]
    process = await asyncio.create_subprocess_exec(
        *(*command, str(AGENTS / program)),
        env={"PATH": os.environ["PATH"], "TOLLHOUSE_KEY": gate.token, "PYTHONWARNINGS": "ignore"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode(), err.decode().splitlines()[-1]


async def finished(program: str, folder: Path) -> None:
    async with live(folder, script=reading(program), model=MODEL, up={"kind": "openai"}) as gate:
        said, account = await run(gate, program, 50_000)
        assert said == "tickets read: 8\nlast word:    Invoices come late.\n"
        assert "9 of 10 steps" in account


async def stopped(program: str, folder: Path) -> None:
    async with live(folder, script=reading(program), model=MODEL, up={"kind": "openai"}) as gate:
        said, account = await run(gate, program, 4_000)
        assert said.startswith("stopped by run.tokens\n")
        total = gate.upstream.bill.total
        assert f" {total.prompt_tokens + total.completion_tokens:,} of 4,000 tokens" in account
        read = re.search(r"tickets read: (\d)", said)
        assert read is not None
        assert 0 < int(read[1]) == total.requests < 8


@pytest.mark.parametrize("program", PROGRAMS)
async def test_an_agent_of_another_framework_does_its_task_and_stops_in_order_at_its_budget(
    program: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(finished(program, tmp_path_factory.mktemp("finished")))
        both.create_task(stopped(program, tmp_path_factory.mktemp("stopped")))


def test_every_agent_is_on_the_page() -> None:
    page = (AGENTS.parent / "README.md").read_text()
    assert len(PROGRAMS) == 4
    assert all(f"frameworks/{name}`" in page for name in PROGRAMS)
