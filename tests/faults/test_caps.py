"""A cap is a cap: with hundreds of calls at once the provider's own bill never passes it by a nano-dollar."""

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from limits.accounts import Cap
from tests.faults.exact import ECHO, balances, nothing_lost, quiet
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
CALLS = 500
TENANT_NANO = 12_000_000


def _words(chance: random.Random, number: int) -> str:
    """Return nonsense of four bytes a word: the provider counts a token a word, a real vocabulary at least as many."""
    return "".join("".join(chance.choices("bcdfghjklmnpqrstvwxz", k=3)) + " " for _ in range(number))


async def _any(gate: Live, chance: random.Random, **headers: str) -> httpx.Response | None:
    """Ask anything, in any way; one in ten clients leaves."""
    text = _words(chance, chance.randint(1, 120))
    members: dict[str, Any] = {"stream": chance.random() < 0.4}
    if chance.random() < 0.7:
        members["max_tokens"] = chance.choice((1, 16, 100, 1_000, 16_000))
    if chance.random() < 0.1:
        members["n"] = chance.randint(2, 4)
    asking = gate.http.post(PATH, json=chat(text, **members), headers=headers)
    if chance.random() >= 0.1:
        return await asking
    try:
        return await asyncio.wait_for(asking, chance.uniform(0.0, 0.1))
    except TimeoutError:
        return None


async def test_five_hundred_calls_at_once_end_at_the_tenant_s_cap_and_not_past_it(tmp_path: Path) -> None:
    chance = random.Random(11)
    profiles = [{"name": "default", "rates": {"concurrency": 1_000}, "budget_wait_s": 60}]
    caps = (Cap("nano_usd", TENANT_NANO),)
    patient = {"timeouts": {"connect_s": 60}}  # both ends and the gateway share one core: dialling 500 times takes long
    async with live(tmp_path, script=ECHO, caps=caps, profiles=profiles, up=patient) as gate:
        gate.http = httpx.AsyncClient(
            base_url=gate.url,
            headers=gate.http.headers,
            timeout=120,
            limits=httpx.Limits(max_connections=600),
        )
        async with gate.http:
            replies = await asyncio.gather(*(_any(gate, chance) for _ in range(CALLS)))
            await quiet(gate)
            billed = gate.upstream.bill.total.nano_dollars
            settled = balances(gate).nano
            assert billed <= settled <= TENANT_NANO
            assert settled > TENANT_NANO * 0.5
            assert not gate.ledger.books._open
            statuses = [reply.status_code for reply in replies if reply is not None]
            assert not [reply.text for reply in replies if reply is not None and reply.status_code >= 500]
            assert set(statuses) <= {200, 402, 429}
            assert statuses.count(200) > 20
            refused = next(reply for reply in replies if reply is not None and reply.status_code == 402)
            error = refused.json()["error"]
            assert (error["code"], error["param"], error["limit"]) == ("budget_exceeded", "tenant.usd", "0.012")
            assert refused.headers["x-should-retry"] == "false"


async def test_fifty_calls_at_once_in_a_run_of_fifty_thousand_tokens_use_no_more(tmp_path: Path) -> None:
    chance = random.Random(3)
    profiles = [{"name": "default", "run": {"steps": "unlimited", "usd": "10"}, "budget_wait_s": 5}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate, nothing_lost(gate, ended=50):
        run = (await gate.http.post("/v1/runs", json={})).json()

        async def ask() -> int:
            text = _words(chance, chance.randint(500, 3_000))
            reply = await gate.http.post(PATH, json=chat(text, max_tokens=4_000), headers={"x-run-id": run["id"]})
            return reply.status_code

        statuses = await asyncio.gather(*(ask() for _ in range(50)))
        await quiet(gate)
        used = (await gate.http.get(f"/v1/runs/{run['id']}")).json()["used"]
        total = gate.upstream.bill.total
        assert total.prompt_tokens + total.completion_tokens == used["tokens"] <= 50_000
        assert set(statuses) <= {200, 402, 429}
        assert statuses.count(200) >= 5


async def test_five_children_at_once_all_make_progress_and_share_what_their_parent_has(tmp_path: Path) -> None:
    chance = random.Random(5)
    profiles = [{"name": "default", "run": {"steps": "unlimited", "usd": "10", "tokens": 30_000}, "budget_wait_s": 20}]
    async with live(tmp_path, script=ECHO, profiles=profiles) as gate, nothing_lost(gate, ended=25):
        parent = (await gate.http.post("/v1/runs", json={})).json()
        above = {"authorization": f"Bearer {parent['key']}"}
        keys = [(await gate.http.post("/v1/runs", json={}, headers=above)).json()["key"] for _ in range(5)]

        async def work(key: str) -> int:
            done = 0
            for step in range(5):
                body = chat(f"step {step} " + _words(chance, 50), max_tokens=8_000)
                reply = await gate.http.post(PATH, json=body, headers={"authorization": f"Bearer {key}"})
                done += reply.status_code == 200
            return done

        done = await asyncio.gather(*map(work, keys))
        assert done == [5] * 5
        total = gate.upstream.bill.total
        used = (await gate.http.get(f"/v1/runs/{parent['id']}")).json()["used"]
        assert total.prompt_tokens + total.completion_tokens == used["tokens"] <= 30_000
        assert used["agents"] == 5
        assert used["steps"] == 25
