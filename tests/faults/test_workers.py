"""Several workers on one socket: what one changes the others see; whoever dies is replaced; all drain at a signal."""

import asyncio
import os
import re
import signal
from pathlib import Path

import httpx
import pytest

from agents.scripted import ScriptedServer
from audit.keys import load_verifier
from audit.postgres import Server
from audit.verify import verify_book
from bench.overhead.processes import tree
from tests.faults.process import TOKEN, Served, serving, write
from tests.gateway.live import chat
from tests.servers.live import Postgres, Redis

WORKERS = 3


async def asked(served: Served, token: str | None, method: str, path: str, **more: object) -> httpx.Response:
    """Ask over a connection of its own: whichever worker takes it."""
    async with served.client(token or "nobody") as client:
        return await client.request(method, path, **more)  # type: ignore[arg-type]


async def called(served: Served, token: str) -> int:
    return (await asked(served, token, "POST", "/v1/chat/completions", json=chat("hello"))).status_code


async def workers_asked(served: Served) -> set[str]:
    """Return the numbers of the workers that tell their figures."""
    text = (await asked(served, None, "GET", "/metrics")).text
    return set(re.findall(r'tollhouse_calls_under_way\{worker="(\d)"\}', text))


async def test_workers_share_keys_runs_and_one_book_and_one_that_dies_is_replaced(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database()
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", url)
    shared = {"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"}
    with Redis(durable=True) as redis:
        monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
        async with ScriptedServer() as upstream:
            path = write(tmp_path, upstream.url, shared=shared)
            async with serving(path, "--workers", str(WORKERS)) as served:
                admin = served.admin_token
                assert (await asked(served, admin, "POST", "/admin/tenants", json={"id": "globex"})).status_code == 201
                for _ in range(2 * WORKERS):
                    wanted = {"tenant": "globex", "name": "k"}
                    made = (await asked(served, admin, "POST", "/admin/keys", json=wanted)).json()
                    token, key_id = made["secret"], made["key"]["id"]
                    assert await called(served, token) == 200
                    run = (await asked(served, token, "POST", "/v1/runs", json={})).json()
                    assert await called(served, run["key"]) == 200
                    shown = await asked(served, token, "GET", f"/v1/runs/{run['id']}")
                    assert (shown.status_code, shown.json()["status"]) == (200, "open")
                assert (await asked(served, admin, "POST", f"/admin/keys/{key_id}/revoke")).status_code == 200
                await asyncio.sleep(1.0)  # the promised bound: 0.25 s and a query
                assert {await called(served, token) for _ in range(3 * WORKERS)} == {401}
                assert await workers_asked(served) == {"0", "1", "2"}
                victim = tree(served.process.pid)[1]
                os.kill(victim, signal.SIGKILL)
                async with asyncio.timeout(30):
                    while len(set(tree(served.process.pid)[1:]) - {victim}) < WORKERS:  # noqa: ASYNC110 - processes
                        await asyncio.sleep(0.05)
                assert {await called(served, TOKEN) for _ in range(WORKERS)} == {200}
                served.process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(served.process.wait(), 30) == 0
    folder = tmp_path / "tollhouse-data"
    verdict = verify_book(Server(url), [load_verifier(folder / "signing.key.pub")])
    assert verdict.ok, verdict.sentences()
    assert verdict.signed_size == verdict.size
    assert not (folder / "admin.sock").exists()
