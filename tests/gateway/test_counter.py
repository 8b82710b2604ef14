from pathlib import Path

import pytest

from tests.gateway.live import live

pytestmark = pytest.mark.anyio


async def test_a_key_sees_the_models_it_may_use_and_no_others(tmp_path: Path) -> None:
    price = {"input_usd_per_million": "1", "output_usd_per_million": "1"}
    target = {"upstream": "up", "model": "x"}
    models = [{"name": name, "targets": [dict(target)], "price": dict(price)} for name in ("m", "vendor/large")]
    async with live(tmp_path, models=models) as gate:
        listed = (await gate.http.get("/v1/models")).json()
        assert [model["id"] for model in listed["data"]] == ["m", "vendor/large"]
        assert (await gate.http.get("/v1/models/vendor/large")).json()["id"] == "vendor/large"
        narrow = {"authorization": f"Bearer {await gate.new_key(models=frozenset({'m'}))}"}
        assert [m["id"] for m in (await gate.http.get("/v1/models", headers=narrow)).json()["data"]] == ["m"]
        hidden = await gate.http.get("/v1/models/vendor/large", headers=narrow)
        assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "model_not_found")


async def test_nothing_is_served_to_a_stranger_or_at_an_unknown_path(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        stranger = await gate.http.get("/v1/models", headers={"authorization": "Bearer nobody"})
        assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "invalid_api_key")
        for method, path in (("GET", "/v1/nothing"), ("DELETE", "/v1/tools"), ("PUT", "/v1/models")):
            reply = await gate.http.request(method, path)
            assert (reply.status_code, reply.json()["error"]["code"]) == (404, "not_found"), path


async def test_a_run_is_shown_to_its_own_key_only(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        assert (await gate.http.get(f"/v1/runs/{run['id']}")).json()["status"] == "open"
        other = {"authorization": f"Bearer {await gate.new_key()}"}
        assert (await gate.http.get(f"/v1/runs/{run['id']}", headers=other)).status_code == 404
