import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio


async def call(gate: Live, **headers: str) -> tuple[int, str | None, str]:
    reply = await gate.http.post("/v1/chat/completions", json=chat("hello"), headers=headers)
    code = reply.json().get("error", {}).get("code", "ok")
    return reply.status_code, reply.headers.get("x-tollhouse-run-id"), code


async def test_a_client_made_id_opens_its_run_once_however_many_first_calls_come_at_once(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        answers = await asyncio.gather(*(call(gate, **{"x-run-id": "my-task-1"}) for _ in range(8)))
        assert {status for status, _, _ in answers} == {200}
        (run_id,) = {run_id for _, run_id, _ in answers}
        assert run_id is not None
        assert "my" not in run_id
        assert (await gate.http.get("/v1/runs/my-task-1")).json()["id"] == run_id
        assert (await gate.http.get(f"/v1/runs/{run_id}")).json()["used"]["steps"] == 8


async def test_equal_ids_of_two_keys_never_meet(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        other = await gate.new_key()
        _, own, _ = await call(gate, **{"x-run-id": "task"})
        _, theirs, _ = await call(gate, **{"x-run-id": "task", "authorization": f"Bearer {other}"})
        assert own != theirs
        status, _, code = await call(gate, **{"x-run-id": own or "", "authorization": f"Bearer {other}"})
        assert (status, code) == (404, "run_not_found")


async def test_a_run_key_opens_a_child_that_shares_what_its_parent_has_left(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        parent = (await gate.http.post("/v1/runs", json={"limits": {"steps": 2}})).json()
        child = (await gate.http.post("/v1/runs", headers={"authorization": f"Bearer {parent['key']}"}, json={})).json()
        assert child["parent"] == parent["id"]
        codes = [(await call(gate, authorization=f"Bearer {child['key']}"))[2] for _ in range(3)]
        assert codes == ["ok", "ok", "budget_exceeded"]
        used = (await gate.http.get(f"/v1/runs/{parent['id']}")).json()["used"]
        assert (used["steps"], used["agents"]) == (2, 1)


async def test_limits_are_lowered_never_raised_and_dollars_are_text(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        made = await gate.http.post("/v1/runs", json={"limits": {"tokens": 10**9, "usd": "0.10"}})
        assert made.status_code == 201
        assert made.json()["limits"]["tokens"] == 50_000
        assert made.json()["limits"]["usd"] == "0.10"
        malformed: list[dict[str, Any]] = [
            {"limits": {"usd": 0.1}},
            {"limits": []},
            {"limit": {}},
            {"limits": {"colour": 1}},
        ]
        for wrong in malformed:
            refused = await gate.http.post("/v1/runs", json=wrong)
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_request"), wrong


async def test_a_cancelled_run_takes_nothing_more(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        cancelled = await gate.http.post(f"/v1/runs/{run['id']}/cancel")
        assert cancelled.json()["status"] == "ended"
        status, _, code = await call(gate, authorization=f"Bearer {run['key']}")
        assert (status, code) == (402, "run_ended")


async def test_a_run_that_is_asked_for_twice_under_one_name_is_one_run(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        named = {"idempotency-key": "order 5"}

        async def open_run(asked: Any = None, **headers: str) -> httpx.Response:
            return await gate.http.post("/v1/runs", json=asked or {"limits": {"steps": 3}}, headers=named | headers)

        first, *others = await asyncio.gather(*(open_run() for _ in range(4)))
        told = first.json()
        assert {reply.json()["id"] for reply in others} == {told["id"]}
        assert {reply.json()["key"] for reply in others} == {told["key"]}
        for other in ({"limits": {"steps": 2}}, {"limits": {"steps": 3}, "tools": ["look"]}):
            refused = await open_run(other)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "idempotency-key")
        child = await open_run(authorization=f"Bearer {told['key']}")
        stranger = await open_run(authorization=f"Bearer {await gate.new_key()}")
        assert child.json()["parent"] == told["id"]
        assert len({told["id"], child.json()["id"], stranger.json()["id"]}) == 3
        assert (await open_run(**{"idempotency-key": "x" * 256})).status_code == 400
        await gate.http.post(f"/v1/runs/{told['id']}/cancel")
        assert (await open_run()).json()["status"] == "ended"
        assert len(list(gate.app.house.directory.runs())) == 3
