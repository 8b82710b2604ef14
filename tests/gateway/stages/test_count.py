"""A step is taken once a call, in a run and all above it, and given back only where the design says so."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.exact import ECHO, QUICK
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def used(gate: Live, run: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = (await gate.http.get(f"/v1/runs/{run['id']}")).json()["used"]
    return told


async def test_steps_are_taken_refused_and_given_back(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, model={"retries": QUICK}) as gate:
        run = (await gate.http.post("/v1/runs", json={"limits": {"steps": 2, "replans": 1}})).json()
        headers = {"x-run-id": run["id"]}
        gate.upstream.fault("status", status=500, times=3)
        failed = await gate.http.post(PATH, json=chat("hello"), headers=headers)
        assert failed.status_code == 502
        assert (await used(gate, run))["steps"] == 0, "a failed call gives its step back, retries take none"
        bad = await gate.http.post(PATH, json=chat("hello", n=0), headers=headers)
        assert bad.status_code == 400
        assert (await used(gate, run))["steps"] == 0
        replan = {**headers, "x-tollhouse-phase": "replan"}
        assert (await gate.http.post(PATH, json=chat("hello"), headers=replan)).status_code == 200
        assert {name: (await used(gate, run))[name] for name in ("steps", "replans")} == {"steps": 1, "replans": 1}
        again = await gate.http.post(PATH, json=chat("hello"), headers=replan)
        assert (again.status_code, again.json()["error"]["param"]) == (402, "run.replans")
        assert (await used(gate, run))["steps"] == 1, "a refused replan takes no step"
        assert (await gate.http.post(PATH, json=chat("hello"), headers=headers)).status_code == 200
        over = await gate.http.post(PATH, json=chat("hello"), headers=headers)
        error = over.json()["error"]
        assert (over.status_code, error["code"], error["param"]) == (402, "budget_exceeded", "run.steps")
        assert (error["limit"], error["actual"]) == (2, 2)


async def test_a_child_s_step_is_its_parent_s_too(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        parent = (await gate.http.post("/v1/runs", json={"limits": {"steps": 1}})).json()
        bearer = {"authorization": f"Bearer {parent['key']}"}
        child = (await gate.http.post("/v1/runs", json={}, headers=bearer)).json()
        own = {"authorization": f"Bearer {child['key']}"}
        assert (await gate.http.post(PATH, json=chat("hello"), headers=own)).status_code == 200
        assert (await used(gate, parent))["steps"] == (await used(gate, child))["steps"] == 1
        over = await gate.http.post(PATH, json=chat("hello"), headers=own)
        assert over.status_code == 402


async def test_a_call_outside_a_declared_run_takes_no_step(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200
        assert all(entry["t"] != "count" for record in gate.records() for entry in record.get("ledger", ()))


async def test_a_call_s_records_say_which_step_of_its_run_it_was(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        for _ in range(2):
            assert (await gate.http.post(PATH, json=chat("hello"), headers={"x-run-id": run["id"]})).status_code == 200
        assert (await gate.http.post(PATH, json=chat("hello", n=0), headers={"x-run-id": run["id"]})).status_code == 400
        assert [record["step"] for record in gate.records("intent")] == [1, 2]
        assert [record["step"] for record in gate.records("outcome")] == [1, 2]
        assert [record.get("step") for record in gate.records("refusal")] == [None]
