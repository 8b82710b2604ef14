"""Breakers over the admin API."""

from pathlib import Path
from random import Random

import pytest

from limits.breaker import Breaker, BreakerPolicy
from tests.gateway.operator import administrating, opened, write_config

pytestmark = pytest.mark.anyio


async def test_breakers_are_listed_opened_reset_and_closed(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        operator.breakers.append(Breaker("up/a/b", operator.clock, BreakerPolicy(), Random(1)))
        async with administrating(operator) as client:
            closed = {"name": "up/a/b", "state": "closed", "failures": 0, "openings": 0, "probe_in_s": 0}
            assert (await client.get("/admin/breakers")).json() == {"breakers": [closed]}
            opened_one = (await client.post("/admin/breakers/up/a/b/open", json={"seconds": 30})).json()
            assert (opened_one["state"], opened_one["probe_in_s"]) == ("open", 30)
            assert (await client.post("/admin/breakers/up%2Fa%2Fb/reset")).json()["probe_in_s"] == 0
            assert (await client.post("/admin/breakers/up/a/b/close")).json() == closed
            assert (await client.post("/admin/breakers/x/close")).status_code == 404
            assert (await client.post("/admin/breakers/up/a/b/open", json={"seconds": 0})).status_code == 400
