"""Breakers operated by hand: it takes effect on the next call, and the book tells who did it."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.breakers import Breakers
from gateway.errors import NotFound
from limits.breaker import Blocked, Breaker, BreakerPolicy, Permit
from limits.clock import ManualClock, SystemClock
from tests.faults.exact import ECHO, QUICK
from tests.gateway.live import chat, live
from tests.gateway.operator import opened, write_config
from tests.gateway.shared import pair
from tests.gateway.test_metrics import samples
from tests.servers.live import Postgres, Redis

pytestmark = pytest.mark.anyio
PATH = "/v1/chat/completions"


async def test_a_breaker_opened_by_hand_stops_calls_and_one_reset_lets_a_probe_decide(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, model={"retries": QUICK}) as gate:
        breakers = gate.app.parts.breakers
        name = "up/gpt-4o-mini"
        assert (await gate.http.post(PATH, json=chat("hi"))).status_code == 200
        opened_one = await breakers.operate("local:7", name, "open", 600)
        assert (opened_one.state, 590 < opened_one.wait_s <= 600) == ("open", True)
        refused = await gate.http.post(PATH, json=chat("hi"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "upstream_unavailable")
        assert (await samples(gate))["tollhouse_breaker_state", (("breaker", name),)] == 2
        await breakers.operate("local:7", name, "reset")
        assert (await gate.http.post(PATH, json=chat("hi"))).status_code == 200
        assert breakers.all()[0].state == "closed"
        acts = [record["change"] for record in gate.records("admin") if record["change"]["object"] == "breaker"]
        assert [(act["id"], act["old"], act["new"]["act"]) for act in acts] == [
            (name, "closed", "open"),
            (name, "open", "reset"),
        ]


async def test_a_breaker_closed_by_hand_lets_all_through_and_an_unknown_one_is_not_found(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        breaker = Breaker("tool/mail", operator.clock, BreakerPolicy(), Random(1))
        breakers = Breakers(operator.journal, lambda: [breaker])
        await breakers.operate("local:7", "tool/mail", "open", 60)
        assert isinstance(breaker.ask(), Blocked)
        await breakers.operate("local:7", "tool/mail", "close")
        assert isinstance(breaker.ask(), Permit)
        for desk in (breakers, Breakers(operator.journal)):
            with pytest.raises(NotFound):
                await desk.operate("local:7", "tool/nobody", "close")


async def test_two_gateways_have_one_breaker_and_one_probe(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(utc_us=SystemClock().utc_us())
    patience = {"breaker": {"failures_max": 4, "open_s": 10}}
    parts: dict[str, Any] = {"model": {"retries": {"attempts_max": 1}}, "up": patience}
    with Redis() as redis:
        async with pair(tmp_path, postgres, redis, monkeypatch, clock, script=ECHO, **parts) as gates:

            async def asked(*at: int) -> list[int]:
                sent = (gates[one].http.post(PATH, json=chat("hi")) for one in at)
                return [reply.status_code for reply in await asyncio.gather(*sent)]

            async def both(state: str) -> None:
                async with asyncio.timeout(10):
                    while any(gate.app.parts.breakers.all()[0].state != state for gate in gates):  # noqa: ASYNC110
                        await asyncio.sleep(0.001)

            upstream = gates[0].upstream
            upstream.fault("status", status=500, times=4)
            for at in (0, 1, 0, 1):
                assert await asked(at) == [502]
            await both("open")
            assert await asked(0, 1) == [503, 503]
            clock.turn(12.1)
            upstream.fault("slow", delay_s=0.3, times=1)
            assert sorted(await asked(0, 1, 0, 1, 0, 1)) == [200] + [503] * 5, "one probe over both"
            await both("closed")
            assert await asked(0, 1) == [200, 200]
            name = "up/gpt-4o-mini"
            await gates[0].app.parts.breakers.operate("local:7", name, "open", 600)
            await both("open")
            assert await asked(0, 1) == [503, 503]
            await gates[1].app.parts.breakers.operate("local:7", name, "close")
            await both("closed")
            assert await asked(0, 1) == [200, 200]
