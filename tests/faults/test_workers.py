"""Several workers on one socket: what one changes the others see; whoever dies is replaced; all drain at a signal."""

import asyncio
import contextlib
import json
import os
import random
import re
import signal
from pathlib import Path

import httpx
import pytest

from agents.scripted import Reply, Rule, ScriptedServer, ToolCall
from audit.keys import load_verifier
from audit.postgres import Server
from audit.reader import Reader
from audit.verify import verify_book
from bench.overhead.processes import tree
from limits.entries import ExpireEntry, HoldEntry, SettleEntry, from_dict
from tests.faults.exact import ECHO, script
from tests.faults.process import TOKEN, Served, serving, write
from tests.gateway.dialects import speech_chat
from tests.gateway.live import chat
from tests.servers.live import Postgres, Redis

WORKERS = 3
CALLS = 500
CAP_NANO = 12_000_000
CALL_0 = Reply("", tool_calls=(ToolCall("a", {"note": "x"}, id="call_0"),))
COUNTING = script(rules=(Rule((CALL_0,), match="look"), Rule((Reply(delay_s=1.0),), match="slow"), Rule((Reply(),))))


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


async def conversed(served: Served, upstream: ScriptedServer) -> None:
    """Go on, over connection after connection, with a server that counts its tool calls; and all at once."""
    chat_of, path = speech_chat.SPEECH, "/v1/chat/completions"
    for _ in range(2):
        tree = chat_of.asked("look there", ["a"], False)
        heard, runs = chat_of.heard((await asked(served, TOKEN, "POST", path, json=tree)).json()), set()
        for result in ("look again", "look further", "done"):
            tree = chat_of.goes_on(tree, heard.calls, result)
            reply = await asked(served, TOKEN, "POST", path, json=tree)
            heard = chat_of.heard(reply.json())
            runs.add(reply.headers["x-tollhouse-run-id"])
        assert len(runs) == 1
        sent = chat_of.dialect.parse(json.loads(upstream.seen[-1].body))
        assert [call.id for call in sent.calls] == [said.call_id for said in sent.results] == ["call_0"] * 3
    conversation = (await asked(served, TOKEN, "POST", "/v1/conversations", json={})).json()["id"]
    turn = {"model": "m", "input": "slow", "conversation": conversation}
    turns = await asyncio.gather(*(asked(served, TOKEN, "POST", "/v1/responses", json=turn) for _ in range(6)))
    assert sorted(reply.status_code for reply in turns) == [200, *[409] * 5]
    (done,) = (reply for reply in turns if reply.status_code == 200)
    (again,) = {(await asked(served, TOKEN, "POST", "/v1/responses", json=turn)).status_code for _ in range(WORKERS)}
    assert again == 200
    call_id = done.headers["x-tollhouse-call-id"]
    told = [(await asked(served, TOKEN, "GET", f"/v1/calls/{call_id}")).json() for _ in range(WORKERS)]
    assert {each["cost_usd"] for each in told} == {done.headers["x-tollhouse-cost-usd"]}


async def test_workers_share_keys_runs_and_one_book_and_one_that_dies_is_replaced(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database()
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", url)
    shared = {"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"}
    with Redis(durable=True) as redis:
        monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
        async with ScriptedServer(COUNTING) as upstream:
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
                await conversed(served, upstream)
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


async def _any(http: httpx.AsyncClient, chance: random.Random) -> int | None:
    """Ask anything in any way; one in ten clients leaves, and a killed worker's clients lose their answer."""
    text = "".join("".join(chance.choices("bcdfghjklmnpqrstvwxz", k=3)) + " " for _ in range(chance.randint(1, 120)))
    body = chat(text, stream=chance.random() < 0.4, max_tokens=chance.choice((1, 16, 100, 1_000, 16_000)))
    patience_s = chance.uniform(0.0, 0.1) if chance.random() < 0.1 else 120.0
    with contextlib.suppress(httpx.TransportError, TimeoutError):
        async with asyncio.timeout(patience_s):
            return (await http.post("/v1/chat/completions", json=body)).status_code
    return None


async def test_a_cap_holds_for_four_workers_and_five_hundred_calls_though_one_is_killed(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", postgres.database())
    shared = {"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"}
    profiles = [{"name": "default", "rates": {"concurrency": 1_000}, "budget_wait_s": 30}]
    patient = {"timeouts": {"connect_s": 60}}
    with Redis(durable=True) as redis:
        monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
        async with ScriptedServer(ECHO) as upstream:
            path = write(tmp_path, upstream.url, usd="0.012", shared=shared, profiles=profiles, up=patient)
            async with serving(path, "--workers", "4") as served:
                headers = {"authorization": f"Bearer {TOKEN}"}
                limits = httpx.Limits(max_connections=600)
                async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=120, limits=limits) as http:
                    asking = asyncio.gather(*(_any(http, chance) for _ in range(CALLS)))
                    async with asyncio.timeout(60):
                        while len(upstream.bill.entries) < 20:  # noqa: ASYNC110 - a bill wakes nobody
                            await asyncio.sleep(0.01)
                    os.kill(tree(served.process.pid)[1], signal.SIGKILL)
                    statuses = await asking
                served.process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(served.process.wait(), 60) == 0
            billed = upstream.bill.total.nano_dollars
    assert billed <= CAP_NANO
    assert {status for status in statuses if status is not None} <= {200, 402, 429}
    assert statuses.count(200) > 20
    folder = tmp_path / "tollhouse-data"
    with Reader.open(Server(os.environ["TOLLHOUSE_POSTGRES"])) as reader:
        records = [json.loads(body) for _, body in reader.records()]
    charged = sum(part["nano_usd"] for record in records for part in record.get("billed", ()))
    assert charged <= CAP_NANO
    entries = [from_dict(told) for record in records for told in record.get("ledger", ())]
    held = {entry.id: entry.nano for entry in entries if isinstance(entry, HoldEntry)}
    for entry in entries:
        if isinstance(entry, SettleEntry | ExpireEntry):
            held.pop(entry.id, None)
    assert billed + sum(held.values()) > 0.5 * CAP_NANO, "what died with the worker stays held, and nobody spends it"
    assert verify_book(Server(os.environ["TOLLHOUSE_POSTGRES"]), [load_verifier(folder / "signing.key.pub")]).ok
