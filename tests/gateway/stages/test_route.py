"""Targets in their order, then fallbacks. (Breakers, retries and stored answers: tests/faults/test_degrading.py.)."""

import json
from pathlib import Path

import pytest

from tests.faults.exact import ECHO, QUICK
from tests.gateway.live import PRICE, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
ONCE = QUICK | {"attempts_max": 1}


def model(name: str, *targets: str, **parts: object) -> dict[str, object]:
    places = [{"upstream": "up", "model": target} for target in targets]
    return {"name": name, "targets": places, "price": dict(PRICE), "retries": dict(ONCE), **parts}


async def test_the_targets_of_a_model_are_asked_in_their_order_before_its_fallbacks(tmp_path: Path) -> None:
    models = [model("m", "a", "b", fallbacks=["n"]), model("n", "c")]
    async with live(tmp_path, script=ECHO, models=models) as gate:
        for failing, degraded in ((("a",), None), (("a", "b"), "fallback:n")):
            gate.upstream.model.play(ECHO)
            gate.upstream.model.seen.clear()
            for name in failing:
                gate.upstream.fault("status", status=500, model=name)
            reply = await gate.http.post(PATH, json=chat("x"))
            asked = [json.loads(seen.body)["model"] for seen in gate.upstream.seen]
            assert asked == [*failing, "b" if degraded is None else "c"]
            assert reply.headers.get("x-tollhouse-degraded") == degraded


async def test_a_fallback_that_the_key_may_not_use_is_not_asked(tmp_path: Path) -> None:
    models = [model("m", "a", fallbacks=["n"]), model("n", "c")]
    async with live(tmp_path, script=ECHO, models=models) as gate:
        headers = {"authorization": f"Bearer {await gate.new_key(models=frozenset({'m'}))}"}
        gate.upstream.fault("status", status=500, model="a")
        reply = await gate.http.post(PATH, json=chat("x"), headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_error")
        assert len(gate.upstream.seen) == 1


async def test_a_rejected_request_is_not_tried_elsewhere(tmp_path: Path) -> None:
    models = [model("m", "a", "b", fallbacks=["n"], stored_answer="closed"), model("n", "c")]
    async with live(tmp_path, script=ECHO, models=models) as gate:
        gate.upstream.fault("status", status=400)
        assert (await gate.http.post(PATH, json=chat("x"))).status_code == 400
        assert len(gate.upstream.seen) == 1


async def test_an_upstream_that_says_nothing_until_the_deadline_has_failed(tmp_path: Path) -> None:
    profiles = [{"name": "default", "call": {"deadline_s": 0.4}}]
    up = {"breaker": {"failures_max": 1, "open_s": 60}}
    async with live(tmp_path, script=ECHO, profiles=profiles, models=[model("m", "a")], up=up) as gate:
        gate.upstream.fault("hang", model="a")
        late = await gate.http.post(PATH, json=chat("x"))
        assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline_exceeded")
        left_alone = await gate.http.post(PATH, json=chat("x"))
        assert (left_alone.status_code, left_alone.json()["error"]["code"]) == (503, "upstream_unavailable")
        assert len(gate.upstream.seen) == 1
