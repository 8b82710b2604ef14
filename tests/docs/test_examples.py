"""The programs of `docs/examples` do what their page says, against a gateway before a scripted provider."""

import asyncio
import os
import socket
import sys
from pathlib import Path
from random import Random

import httpx
import pytest

from agents.scripted import Reply, Rule, Script
from gateway.config.approvals import WebhookSettings
from gateway.signature import signed
from gateway.webhook import Webhook
from limits.clock import SystemClock
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


async def test_the_receiver_takes_the_gateway_s_webhooks_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = (sys.executable, "webhook.py", str(port))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=EXAMPLES, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told = {"url": f"http://127.0.0.1:{port}/", "secret": "env/HOOK_SECRET", "private_networks": ["127.0.0.0/8"]}
    webhook = Webhook(WebhookSettings.model_validate(told), SystemClock(), Random(1), first_s=0.05)
    try:
        webhook.start()
        webhook.tell({"type": "approval.requested", "id": "apr_1"})
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line == b'{"type":"approval.requested","id":"apr_1"}\n'
        now_us = SystemClock().utc_us()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            for key, at_us in ((b"another", now_us), (None, now_us), (b"another", now_us - 10**9)):
                answer = await http.post("/", content=b"{}", headers=signed(key, "msg_2", b"{}", at_us))
                assert answer.status_code == 401
    finally:
        await webhook.stop()
        process.terminate()
        await process.wait()


def test_the_page_of_tools_shows_the_receiver_s_own_words() -> None:
    page = (EXAMPLES.parent / "tools.md").read_text()
    shown = page.partition("```python\ndef verified(")[2].partition("```")[0]
    assert "compare_digest" in shown
    assert shown in (EXAMPLES / "webhook.py").read_text()


def test_every_example_is_on_the_page() -> None:
    page = (EXAMPLES / "README.md").read_text()
    programs = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".sh"}}
    assert all(f"{name}`" in page for name in programs)
