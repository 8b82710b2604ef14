"""Marked charges over the admin API."""

from pathlib import Path

import pytest

from tests.gateway.operator import administrating, opened, write_config
from tests.gateway.test_charges import marked, spent

pytestmark = pytest.mark.anyio


async def test_charges_are_listed_by_tenant_and_mark_and_decided_once(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        await marked(operator, "a", 100)
        await marked(operator, "b", 50, "implausible", "local/small:other")
        async with administrating(operator) as client:
            listed = (await client.get("/admin/charges", params={"limit": 1})).json()
            assert [each["id"] for each in listed["charges"]] == ["b"]
            assert listed["charges"][0]["reported_nano_usd"] == 450
            assert (listed["more"], listed["sums"]) == (True, {"uncertain": 100, "implausible": 50})
            assert listed["suspended"] == {"local/small:other": "b"}
            found = (await client.get("/admin/charges", params={"tenant": "acme", "mark": "uncertain"})).json()
            assert [each["id"] for each in found["charges"]] == ["a"]
            assert (await client.get("/admin/charges", params={"tenant": "x"})).json()["charges"] == []
            for already in (False, True):
                answer = (await client.post("/admin/charges/a/refund", json={"cost_usd": "0.00000004"})).json()
                assert answer == {
                    "id": "a",
                    "decision": "refunded",
                    "refunded_nano_usd": 0 if already else 60,
                    "already": already,
                }
            assert (await client.post("/admin/charges/b/confirm", json={})).json()["decision"] == "confirmed"
            assert (await client.post("/admin/charges/a/confirm", json={})).status_code == 400
            assert (await client.post("/admin/charges/c/confirm", json={})).status_code == 404
        assert spent(operator.ledger) == 90
