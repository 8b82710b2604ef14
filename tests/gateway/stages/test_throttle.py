"""Requests and tokens a minute, and calls at once: let in or told when to come again; places are always given back."""

import asyncio
from pathlib import Path

import pytest

from agents.scripted import Reply, Rule
from gateway.config.tree import BoundSettings
from limits.clock import ManualClock, SystemClock
from tests.faults.exact import ECHO, script, under_way
from tests.gateway.live import chat, live
from tests.gateway.shared import pair
from tests.servers.live import Postgres, Redis

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def test_requests_a_minute_are_counted_told_and_grow_back(tmp_path: Path) -> None:
    clock = ManualClock()
    profiles = [{"name": "default", "rates": {"requests_per_minute": 2}}]
    async with live(tmp_path, script=ECHO, profiles=profiles, clock=clock) as gate:
        first = await gate.http.post(PATH, json=chat("hello"))
        second = await gate.http.post(PATH, json=chat("hello"))
        third = await gate.http.post(PATH, json=chat("hello"))
        told = [reply.headers["x-ratelimit-remaining-requests"] for reply in (first, second, third)]
        assert told == ["1", "0", "0"]
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-reset-requests"] == "30.000s"
        error = third.json()["error"]
        assert (third.status_code, error["code"]) == (429, "rate_limit_exceeded")
        assert (error["param"], error["limit"], error["actual"]) == ("rates.requests_per_minute", 2, 2)
        assert 30 <= int(third.headers["retry-after"]) <= 31
        clock.turn(31)
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200


async def test_tokens_a_minute_are_the_text_s_bytes_and_what_was_not_used_comes_back(tmp_path: Path) -> None:
    clock = ManualClock()
    profiles = [{"name": "default", "rates": {"tokens_per_minute": 1_000}}]
    async with live(tmp_path, script=ECHO, profiles=profiles, clock=clock) as gate:
        reply = await gate.http.post(PATH, json=chat("ä" * 450))
        assert reply.headers["x-ratelimit-remaining-tokens"] == "100", "450 letters are 900 bytes"
        reply = await gate.http.post(PATH, json=chat("x" * 500))
        assert reply.status_code == 200, "450 of the 900 were given back"
        over = await gate.http.post(PATH, json=chat("x" * 900))
        assert (over.status_code, over.json()["error"]["param"]) == (429, "rates.tokens_per_minute")
        assert over.headers["x-ratelimit-reset-tokens"].endswith("s")


async def test_calls_at_once_are_bounded_by_key_and_a_place_is_free_again_after_each(tmp_path: Path) -> None:
    profiles = [{"name": "default", "rates": {"concurrency": 2}}]
    slow = script(rules=(Rule((Reply(delay_s=0.3),), match="think"),))
    async with live(tmp_path, script=slow, profiles=profiles) as gate:
        replies = await asyncio.gather(*(gate.http.post(PATH, json=chat("think")) for _ in range(5)))
        statuses = sorted(reply.status_code for reply in replies)
        assert statuses == [200, 200, 429, 429, 429]
        refused = next(reply for reply in replies if reply.status_code == 429).json()["error"]
        assert (refused["param"], refused["limit"]) == ("rates.concurrency", 2)
        assert under_way(gate) == 0
        other = {"authorization": f"Bearer {await gate.new_key()}"}
        both = [gate.http.post(PATH, json=chat("think"), headers=headers) for headers in ({}, {}, other)]
        assert [reply.status_code for reply in await asyncio.gather(*both)] == [200, 200, 200]


async def test_one_tenant_cannot_take_every_place_from_the_others(tmp_path: Path) -> None:
    slow = script(rules=(Rule((Reply(delay_s=0.4),), match="think"),))
    async with live(tmp_path, script=slow, bounds={"calls_max": 8}) as gate:
        await gate.app.registry.create_tenant("test", "globex")
        _, token = await gate.app.registry.create_key("test", "globex", name="other")
        crowd = [asyncio.ensure_future(gate.http.post(PATH, json=chat("think"))) for _ in range(7)]
        async with asyncio.timeout(10):
            while len(gate.app.lives) < 4:  # noqa: ASYNC110 - nobody tells when calls begin
                await asyncio.sleep(0.01)
        by_other = {"authorization": f"Bearer {token}"}
        assert (await gate.http.post(PATH, json=chat("hello"), headers=by_other)).status_code == 200
        replies = await asyncio.gather(*crowd)
        refused = [reply.json()["error"] for reply in replies if reply.status_code == 429]
        assert len(replies) - len(refused) == 4, "half of the eight places"
        assert {error["param"] for error in refused} == {"bounds.tenant_calls_max"}
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200, "the places are free again"


def test_a_tenant_s_share_is_half_of_the_places_unless_told() -> None:
    assert BoundSettings().tenant_share == 2_048
    assert BoundSettings(calls_max=1).tenant_share == 1
    assert BoundSettings(tenant_calls_max=7).tenant_share == 7


async def test_two_gateways_on_one_redis_let_in_together_what_one_would_let_in_alone(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(utc_us=SystemClock().utc_us())
    rates = {"requests_per_minute": 12, "tokens_per_minute": 1_000, "concurrency": 4}
    profiles = [{"name": "default", "rates": rates}]
    where = {"url": "http://127.0.0.1:1/", "private_networks": ["127.0.0.0/8"]}
    tools = [{"name": "clock", "kind": "http", "requests_per_minute": 1, **where}]
    slow = script(rules=(Rule((Reply(delay_s=0.5),), match="think"),))
    with Redis() as redis:
        served = pair(tmp_path, postgres, redis, monkeypatch, clock, script=slow, profiles=profiles, tools=tools)
        async with served as (one, other):
            crowd = [gate.http.post(PATH, json=chat("think")) for gate in (one, other) for _ in range(4)]
            replies = await asyncio.gather(*crowd)
            assert sorted(reply.status_code for reply in replies) == [200] * 4 + [429] * 4
            assert {r.json()["error"]["param"] for r in replies if r.status_code == 429} == {"rates.concurrency"}
            last = [await gate.http.post(PATH, json=chat("a")) for gate in (one, other) for _ in range(5)]
            assert [reply.status_code for reply in last] == [200] * 8 + [429] * 2
            assert [reply.headers["x-ratelimit-remaining-requests"] for reply in last[6:]] == ["1", "0", "0", "0"]
            refused = last[-1].json()["error"]
            assert (refused["param"], refused["limit"], refused["actual"]) == ("rates.requests_per_minute", 12, 12)
            assert 4 <= int(last[-1].headers["retry-after"]) <= 6
            clock.turn(60)
            reply = await one.http.post(PATH, json=chat("x" * 900))
            assert reply.headers["x-ratelimit-remaining-tokens"] == "100"
            over = await other.http.post(PATH, json=chat("x" * 1_000))
            assert (over.status_code, over.json()["error"]["param"]) == (429, "rates.tokens_per_minute")
            assert over.headers["x-ratelimit-remaining-requests"] == "11", "a call that is refused takes nothing"
            clock.turn(60)
            asked: dict[str, object] = {"arguments": {}}
            assert (await one.http.post("/v1/tools/clock/call", json=asked)).status_code == 502
            assert (await other.http.post("/v1/tools/clock/call", json=asked)).status_code == 429


async def test_while_redis_is_away_each_gateway_counts_for_itself(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(utc_us=SystemClock().utc_us())
    profiles = [{"name": "default", "rates": {"requests_per_minute": 1}}]
    with Redis() as redis:
        async with pair(tmp_path, postgres, redis, monkeypatch, clock, profiles=profiles) as (one, other):
            assert (await one.http.post(PATH, json=chat("a"))).status_code == 200
            assert (await other.http.post(PATH, json=chat("a"))).status_code == 429
            redis.kill()
            statuses = [(await gate.http.post(PATH, json=chat("a"))).status_code for gate in (other, other)]
            assert statuses == [503, 429], "money waits for Redis; the rate is judged here"
            ready = await other.http.get("/readyz")
            assert (ready.status_code, len(ready.json()["reasons"])) == (503, 1)
            assert "Redis does not answer" in ready.json()["reasons"][0]


async def test_a_call_that_is_refused_for_its_tokens_takes_no_request_either(tmp_path: Path) -> None:
    profiles = [{"name": "default", "rates": {"requests_per_minute": 2, "tokens_per_minute": 100}}]
    async with live(tmp_path, script=ECHO, profiles=profiles, clock=ManualClock()) as gate:
        assert (await gate.http.post(PATH, json=chat("x" * 90))).status_code == 200
        refused = await gate.http.post(PATH, json=chat("x" * 100))
        assert (refused.status_code, refused.json()["error"]["param"]) == (429, "rates.tokens_per_minute")
        assert refused.headers["x-ratelimit-remaining-requests"] == "1"
        again = await gate.http.post(PATH, json=chat("x"))
        assert (again.status_code, again.headers["x-ratelimit-remaining-requests"]) == (200, "0")
