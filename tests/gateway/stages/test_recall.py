"""Idempotency-Key, seen from outside: one call, however often it is sent, also after a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from agents.scripted import Fault, Reply, Rule, Script
from gateway.app import Tollhouse
from gateway.config import load
from gateway.house import open_house
from gateway.server import running
from limits.clock import SystemClock
from tests.gateway.live import Live, chat, live
from tests.gateway.shared import pair
from tests.gateway.tools.shop import shop
from tests.servers.live import Postgres, Redis

pytestmark = pytest.mark.anyio

KEY = {"idempotency-key": "k1"}
PATH = "/v1/chat/completions"


@pytest.mark.parametrize("stream", [False, True])
async def test_the_same_call_again_gets_the_same_answer_and_costs_nothing(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path) as gate:
        body = chat("write to bob@example.com", stream=stream)
        first = await gate.http.post(PATH, json=body, headers=KEY)
        second = await gate.http.post(PATH, json=body, headers=KEY)
        assert (first.status_code, second.status_code) == (200, 200)
        assert "bob@example.com" in first.text
        assert "bob@example.com" in second.text
        assert second.headers["x-tollhouse-replayed"] == first.headers["x-tollhouse-call-id"]
        assert len(gate.upstream.bill.entries) == 1
        if stream:
            assert second.text.endswith("data: [DONE]\n\n")
            assert '"cost_usd":"0.0' in second.text
        else:
            assert first.json()["choices"] == second.json()["choices"]
            assert first.json()["id"] != second.json()["id"]
            assert second.json()["id"].startswith("chatcmpl-")
        told = gate.records("outcome")[1]
        assert told["decisions"][0] == {
            "stage": "recall",
            "decision": "replayed",
            "call": first.headers["x-tollhouse-call-id"],
        }
        assert "billed" not in told


async def test_another_request_under_the_key_is_refused_and_another_keys_is_not_the_same(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post(PATH, json=chat("a"), headers=KEY)
        other = await gate.http.post(PATH, json=chat("b"), headers=KEY)
        assert (other.status_code, other.json()["error"]["param"]) == (400, "idempotency-key")
        token = await gate.new_key()
        mine = await gate.http.post(PATH, json=chat("b"), headers={**KEY, "authorization": f"Bearer {token}"})
        assert mine.status_code == 200
        assert "x-tollhouse-replayed" not in mine.headers


async def wait_until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not seen():  # noqa: ASYNC110 - the provider tells nobody
            await asyncio.sleep(0.01)


async def test_while_the_first_runs_the_second_is_told_so(tmp_path: Path) -> None:
    script = Script(rules=(Rule((Reply(delay_s=1.0),)),))
    async with live(tmp_path, script=script) as gate:
        first = asyncio.create_task(gate.http.post(PATH, json=chat("a"), headers=KEY))
        await wait_until(lambda: bool(gate.upstream.seen))
        second = await gate.http.post(PATH, json=chat("a"), headers=KEY)
        assert (second.status_code, second.json()["error"]["code"]) == (409, "in_progress")
        assert second.headers["retry-after"]
        other = await gate.http.post(PATH, json=chat("b"), headers=KEY)
        assert other.status_code == 400
        assert (await first).status_code == 200
        async with gate.client(max_retries=3) as client:
            await client.chat.completions.create(**chat("a"), extra_headers=KEY)
        assert len(gate.upstream.seen) == 1


async def test_what_was_refused_or_failed_may_be_asked_again(tmp_path: Path) -> None:
    async with live(tmp_path, model={"retries": {"attempts_max": 1}}) as gate:
        gate.upstream.fault(Fault("status", status=400, times=1))
        assert (await gate.http.post(PATH, json=chat("a"), headers=KEY)).status_code >= 400
        good = await gate.http.post(PATH, json=chat("a"), headers=KEY)
        assert good.status_code == 200
        assert "x-tollhouse-replayed" not in good.headers


async def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        for key in ("", "x" * 256):
            reply = await gate.http.post(PATH, json=chat("a"), headers={"idempotency-key": key})
            assert reply.status_code == 400


async def test_a_kept_reply_survives_a_restart_and_is_not_readable_in_the_file(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        first = await gate.http.post(PATH, json=chat("a very secret word"), headers=KEY)
        token = gate.token
    config = load(tmp_path / "tollhouse.yaml")
    written = b"".join(path.read_bytes() for path in config.folder.iterdir() if path.is_file())
    assert b"a very secret word" not in written
    clock = SystemClock()
    with open_house(config, clock) as house:
        app = Tollhouse(house, clock)
        async with running(app) as server, httpx.AsyncClient(base_url=server.url) as http:
            again = await http.post(
                PATH, json=chat("a very secret word"), headers={**KEY, "authorization": f"Bearer {token}"}
            )
    assert again.json()["choices"] == first.json()["choices"]


async def test_the_same_call_at_two_gateways_at_the_same_moment_runs_once(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Script(rules=(Rule((Reply(delay_s=0.4),), match="think"),))
    profiles = [{"name": "default", "budget_wait_s": 0}]
    with Redis() as redis:
        served = pair(tmp_path, postgres, redis, monkeypatch, SystemClock(), script=slow, profiles=profiles)
        async with served as gates:
            asked = [gate.http.post(PATH, json=chat("think"), headers=KEY) for gate in gates for _ in range(3)]
            replies = await asyncio.gather(*asked)
            assert sorted(reply.status_code for reply in replies) == [200] + [409] * 5
            assert {r.json()["error"]["code"] for r in replies if r.status_code == 409} == {"in_progress"}
            again = [await gate.http.post(PATH, json=chat("think"), headers=KEY) for gate in gates]
            assert {reply.headers.get("x-tollhouse-replayed") for reply in again} == {
                reply.headers["x-tollhouse-call-id"] for reply in replies if reply.status_code == 200
            }
            assert len(gates[0].upstream.bill.entries) == 1
            other = await gates[1].http.post(PATH, json=chat("another"), headers=KEY)
            assert (other.status_code, other.json()["error"]["param"]) == (400, "idempotency-key")


async def test_a_tool_call_that_another_gateway_runs_or_has_just_run_is_not_made_again(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis() as redis:
        async with shop() as tool:
            tool.waits_s = 0.3
            tools = [tool.settings("pay", writes=True)]
            async with pair(tmp_path, postgres, redis, monkeypatch, SystemClock(), tools=tools) as (one, other):
                run = (await one.http.post("/v1/runs", json={})).json()
                named = {"authorization": f"Bearer {run['key']}", "x-tollhouse-tool-call-id": "call_1"}

                async def pay(gate: Live, **more: str) -> httpx.Response:
                    sent = {"arguments": {"q": "shoes"}}
                    return await gate.http.post("/v1/tools/pay/call", json=sent, headers={**named, **more})

                async with asyncio.timeout(10):
                    while (await other.http.get(f"/v1/runs/{run['id']}", headers=named)).status_code != 200:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                first, same = await asyncio.gather(pay(one), pay(other))
                assert sorted((first.status_code, same.status_code)) == [200, 409]
                again = [await pay(gate) for gate in (one, other)]
                assert [reply.status_code for reply in again] == [200, 200]
                assert all("x-tollhouse-replayed" in reply.headers for reply in again)
                assert len(tool.seen) == 1


async def test_a_call_whose_name_cannot_be_claimed_or_whose_reply_was_let_go_is_not_made(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis() as redis:
        async with pair(tmp_path, postgres, redis, monkeypatch, SystemClock()) as (one, other):
            assert (await one.http.post(PATH, json=chat("a"), headers=KEY)).status_code == 200
            one.app.house.book.change_now([("DELETE FROM state_reply", ())])
            one.app.replies._kept.clear()
            gone = await one.http.post(PATH, json=chat("a"), headers=KEY)
            assert (gone.status_code, gone.json()["error"]["code"]) == (409, "in_progress")
            redis.kill()
            unclaimed = await other.http.post(PATH, json=chat("b"), headers={"idempotency-key": "k2"})
            assert (unclaimed.status_code, unclaimed.json()["error"]["code"]) == (503, "ledger_unavailable")
