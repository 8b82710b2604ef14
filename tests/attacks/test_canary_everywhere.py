"""The same secret with everything on: tools, MCP, approvals, webhooks, deliveries, spans, anchors, replicas."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule, Script, ToolCall
from tests.attacks.test_canary_secret import PATIENT, SAID, SECRET, admin, clean, every_path, files_are_clean
from tests.gateway.collector import Collector, collecting
from tests.gateway.live import Live, chat, live
from tests.gateway.stages.test_consent import OFFER, PAY, approver, decide
from tests.gateway.test_receiver import Sink, sinking
from tests.gateway.tools.shop import SCHEMA, Shop, shop
from tests.gateway.tools.test_mcp import answer, say, server
from tests.servers.live import Postgres, Redis

pytestmark = pytest.mark.anyio

RUN = {"x-run-id": f"run {SECRET}", "x-session-id": SECRET, "x-tollhouse-subject": SECRET, "x-tollhouse-user": SECRET}
PROFILE = {
    "name": "default",
    "guards": {
        "payloads": "full",
        "memory_tools": ["note"],
        "plugins": [{"factory": "tests.gateway.guards.plugins_for_tests:names", "deadline_s": 20}],
    },
    "cache": {"ttl_s": 60},
    "tags": {"user": {}},
}


async def through_tools(gate: Live, tool: Shop) -> None:
    """Send the secret to tools and servers, have them answer, refuse and break with it, and ask people about it."""
    asked = {"arguments": {"q": SAID}}
    post = gate.http.post
    tool.answers = [
        (200, "application/json", json.dumps({"found": SAID}).encode()),
        *[(500, "text/plain", SAID.encode())] * 8,
        (400, "text/plain", SAID.encode()),
    ]
    for _ in range(3):
        await post("/v1/tools/find/call", json=asked, headers=RUN)
    tool.answers = [answer({"tools": [{"name": "find", "description": SAID, "inputSchema": SCHEMA}]})]
    await say(gate, "tools/list", x_run_id="r")
    tool.answers = [answer({"content": [{"type": "text", "text": SAID}]}), (500, "text/plain", SAID.encode())]
    for _ in range(2):
        await say(gate, "tools/call", {"name": "find", "arguments": {"q": SAID}}, x_run_id="r")
    await say(gate, f"tools/{SECRET}", {"name": SECRET})
    for action in ("authorize", "result"):
        body: dict[str, Any] = asked if action == "authorize" else {"tool_call_id": SECRET, "result": SAID}
        await post(f"/v1/tools/note/{action}", json=body, headers=RUN)
    gate.upstream.play(Script(rules=(Rule((Reply(text=SAID, tool_calls=(ToolCall("pay", {"q": SAID}),)),)),)))
    waits = await post("/v1/chat/completions", json=chat(SAID, tools=OFFER), headers=RUN)
    approval = waits.json()["error"]["approval_id"]
    boss = await approver(gate)
    for path in ("/v1/approvals", f"/v1/approvals/{approval}"):
        clean((await gate.http.get(path, headers=boss)).content, path)
    assert (await decide(gate, approval)).status_code == 200
    paid = await post("/v1/chat/completions", json=chat(SAID, tools=OFFER), headers=RUN)
    assert paid.status_code == 200, paid.text
    gate.upstream.play(Script())
    for _ in range(2):  # the second is answered from the kept reply, the third and fourth from the cache
        kept = {"idempotency-key": SECRET, "traceparent": f"00-{SECRET}"}
        assert (await post("/v1/chat/completions", json=chat(SAID), headers=kept)).status_code == 200
        assert (await post("/v1/chat/completions", json=chat("no value here"))).status_code == 200
    await post("/v1/embeddings", json={"model": "m", "input": [SAID]}, headers=RUN)
    await post(f"/v1/runs/{SECRET}/cancel")
    await gate.http.get(f"/v1/calls/{SECRET}")


async def told_to_operators(gate: Live) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what every page of the admin API and every public one says that needs no argument."""
    async with admin(gate) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        pages = [path for path, methods in paths.items() if "get" in methods and "{" not in path]
        assert len(pages) > 8
        for path in [*pages, "/metrics", "/readyz"]:
            yield path, (await client.get(path)).content
        for run in (await client.get("/admin/runs?all=true")).json()["runs"]:
            yield "a run", (await client.get(f"/admin/runs/{run['id']}")).content


@contextlib.asynccontextmanager
async def everything_on(folder: Path, **more: Any) -> AsyncIterator[tuple[Live, Shop, Shop, list[Sink], Collector]]:
    async with shop() as tool, shop() as hook, sinking() as one, sinking() as other, collecting() as collector:
        local = {"kind": "local", "parameters": SCHEMA}
        parts: dict[str, Any] = {
            "profiles": [PROFILE],
            "up": PATIENT,
            "tools": [tool.settings("find", retries={"attempts_max": 2}), PAY, {"name": "note", **local}],
            "mcp": [server(tool)],
            "approvals": {"webhook": {"url": f"{hook.url}/hook", "private_networks": ["127.0.0.0/8"]}},
            "delivery": [
                {"name": "one", "url": one.url, "every_s": 0.05},
                {"name": "other", "url": other.url, "every_s": 0.05, "format": "otlp"},
            ],
            "traces": {"endpoint": collector.url, "sample_ratio": 1, "pass_to": ["up"]},
            "anchors": [{"name": "share", "file": str(folder / "share")}],
        }
        async with live(folder, **parts, **more) as gate:
            yield gate, tool, hook, [one, other], collector


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the receivers tell nobody
            await asyncio.sleep(0.02)


async def walk(folder: Path, **more: Any) -> None:
    """Send the secret everywhere; look for it in all that comes out, and in the files that are left.

    Calls that end in every way are sent where processes share what they know; alone, test_canary_secret sends them.
    """
    async with everything_on(folder, **more) as (gate, tool, hook, sinks, collector):
        for refused in await every_path(gate) if more else ():
            clean(refused.content, f"the answer {refused.status_code}")
        await through_tools(gate, tool)
        async for where, page in told_to_operators(gate):
            clean(page, where)
        size = gate.app.house.book.size
        await until(lambda: max(sinks[0].indexes, default=0) >= size - 1 and len(hook.seen) >= 2)
        kinds = {record["kind"] for record in gate.records()}
        assert {"intent", "outcome", "approval"} <= kinds
    for message in hook.seen:
        clean(message.body + str(message.headers).encode(), "a webhook")
    for sink in sinks:
        assert sink.batches
        clean(json.dumps(sink.batches).encode(), "a delivery")
    assert len(list(collector.spans())) > 10
    for body in collector.bodies:
        clean(body, "a span")
    files_are_clean(folder) if not more else None


def quiet_clients(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "openai"):  # the client's own loggers tell what the client said
        logging.getLogger(name).setLevel(logging.CRITICAL)


def logs_are_clean(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    told = [f"{record.getMessage()}\n{record.exc_info}\n{record.exc_text}" for record in caplog.records]
    clean("\n".join(told).encode(), "a log line")
    out, err = capfd.readouterr()
    clean((out + err).encode(), "the console")


async def test_with_everything_on_the_secret_is_nowhere_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    quiet_clients(caplog)
    await walk(tmp_path)
    logs_are_clean(caplog, capfd)


async def test_nor_is_it_on_the_servers_that_replicas_share(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The servers' own files are read, with all that was ever written to their logs."""
    quiet_clients(caplog)
    with Redis(durable=True) as redis, Postgres(durable=True) as postgres:
        monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
        monkeypatch.setenv("TOLLHOUSE_POSTGRES", postgres.database())
        await walk(tmp_path, shared={"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"})
        postgres.stop()  # all that it has in memory is in its files then
        redis.stop()
        for server_ in (redis, postgres):
            files = [file for file in server_.folder.rglob("*") if file.is_file()]
            assert sum(file.stat().st_size for file in files) > 10_000
            for file in files:
                clean(file.read_bytes(), f"{type(server_).__name__}: {file.name}")
    logs_are_clean(caplog, capfd)
