"""Erasures and legal holds over the admin API."""

from pathlib import Path

from tests.gateway.operator import administrating, opened, write_config


async def test_an_erasure_is_a_record_and_a_hold_refuses_it(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as http:
            done = await http.post("/admin/erasures", json={"tenant": "acme", "subject": "ann@example.com"})
            assert done.status_code == 201
            record = operator.records()[done.json()["record"]]
            assert '"kind":"erasure"' in record
            assert "ann@example.com" not in record
            held = await http.put("/admin/holds/acme", json={"on": True})
            assert held.json() == {"tenant": "acme", "since_us": operator.clock.utc_us()}
            refused = await http.post("/admin/erasures", json={"tenant": "acme"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
            assert (await http.put("/admin/holds/acme", json={"on": False})).json()["since_us"] is None
            assert (await http.post("/admin/erasures", json={"tenant": "acme"})).status_code == 201


async def test_nobody_elses_tenant_is_known(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as http:
            assert (await http.post("/admin/erasures", json={"tenant": "nobody"})).status_code == 404
            assert (await http.put("/admin/holds/house", json={"on": True})).status_code == 404
