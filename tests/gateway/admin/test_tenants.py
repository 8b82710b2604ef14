"""Tenants over the admin API."""

import json
from pathlib import Path

from limits.ledger import Order
from limits.standing import Charge
from tests.gateway.operator import administrating, opened, write_config


async def test_a_tenant_is_made_capped_disabled_and_shown(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            made = await client.post(
                "/admin/tenants", json={"id": "globex", "name": "Globex", "time_zone": "Asia/Tokyo"}
            )
            assert (made.status_code, made.json()["caps"]) == (201, [])
            capped = await client.put("/admin/tenants/globex/caps", json={"caps": [{"usd": "2", "per": "day"}]})
            assert capped.json()["caps"][0]["cap"] == "nano_usd/day/hard/2000000000"
            disabled = await client.patch("/admin/tenants/globex", json={"disabled": True})
            assert disabled.json()["disabled"]
            shown = (await client.get("/admin/tenants/globex")).json()
            assert shown == disabled.json()
            listed = (await client.get("/admin/tenants")).json()["tenants"]
            assert [(each["id"], each["declared"]) for each in listed] == [("acme", True), ("globex", False)]
        actors = {json.loads(record)["actor"] for record in operator.records()[1:]}
        assert actors == {next(key.id for key in operator.directory.keys_of("house"))}


async def test_what_is_held_and_settled_is_shown_beside_each_cap(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        await operator.registry.align()
        later = operator.clock.utc_us() + 60_000_000
        for name in ("h1", "h2"):
            operator.ledger.hold(Order(name, ("tenant:acme",), 100, 1, 1, later))
        entry = operator.ledger.settle("h1", Charge(60, 1, 1))
        assert entry is not None
        operator.ledger.apply(entry)
        async with administrating(operator) as client:
            shown = (await client.get("/admin/tenants/acme")).json()
            assert (shown["caps"][0]["settled"], shown["caps"][0]["held"], shown["spent_nano_usd"]) == (60, 100, 60)
            operator.clock.turn(40 * 86_400)
            rolled = (await client.get("/admin/tenants/acme")).json()
            assert (rolled["caps"][0]["settled"], rolled["spent_nano_usd"]) == (0, 60)


async def test_the_house_and_unknown_tenants_are_not_found(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            for tenant in ("house", "nobody"):
                assert (await client.get(f"/admin/tenants/{tenant}")).status_code == 404
                assert (await client.put(f"/admin/tenants/{tenant}/caps", json={"caps": []})).status_code == 404
            assert (await client.put("/admin/tenants/acme/caps", json={"caps": []})).status_code == 403
