"""The programs of `docs/examples` do what their page says, against a gateway before a scripted provider."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agents.scripted import Reply, Rule, Script
from tests.gateway.live import Live, live

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
MODEL = {"name": "gpt-4o-mini"}
LONG = "Compare the region's figures with the plan; note each deviation over 2.5 %, its cause, and who owns it. " * 40

pytestmark = pytest.mark.anyio


async def run(gate: Live, *command: str) -> str:
    environ = {**os.environ, "OPENAI_BASE_URL": f"{gate.url}/v1", "OPENAI_API_KEY": gate.token}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=EXAMPLES,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_plain_call_shows_the_answer_and_what_it_cost(tmp_path: Path) -> None:
    async with live(tmp_path, model=MODEL) as gate:
        said = await run(gate, sys.executable, "plain.py")
        assert "Write one line to jane.doe@example.com." in said
        assert "masked   1 values" in said
        assert gate.upstream.bill.total.requests == 1
        assert b"jane.doe" not in gate.upstream.seen[0].body


async def test_the_stream_shows_the_answer_and_the_comment_with_its_price(tmp_path: Path) -> None:
    async with live(tmp_path, model=MODEL) as gate:
        said = await run(gate, sys.executable, "stream.py")
        answer, comment = said.splitlines()
        assert answer == "Write one line to jane.doe@example.com."
        assert comment.startswith(": tollhouse {")
        assert "cost_usd" in comment


async def test_the_agent_stops_in_order_when_its_tokens_are_used_up(tmp_path: Path) -> None:
    script = Script(rules=(Rule(match=".", replies=(Reply(text=LONG),)),))
    async with live(tmp_path, model=MODEL, script=script) as gate:
        said = await run(gate, sys.executable, "run.py")
        assert "run.tokens" in said
        total = gate.upstream.bill.total
        assert f"used {total.prompt_tokens + total.completion_tokens} tokens" in said
        assert total.prompt_tokens + total.completion_tokens <= 4_000


async def test_curl_shows_an_answer_an_error_and_a_run(tmp_path: Path) -> None:
    async with live(tmp_path, model=MODEL) as gate:
        said = await run(gate, "sh", "curl.sh")
        assert "x-tollhouse-cost-usd" in said
        assert "model_not_found" in said
        assert '"object":"run"' in said
        assert len(gate.upstream.seen) == 2


def test_every_example_is_on_the_page() -> None:
    page = (EXAMPLES / "README.md").read_text()
    programs = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh"}}
    assert all(f"{name}`" in page for name in programs)
