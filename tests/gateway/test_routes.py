"""Each request goes where it belongs, and no path leads past key and meter."""

import asyncio
import gc
from pathlib import Path

import pytest

from gateway.call import Call
from tests.faults.exact import ECHO, ends
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio


async def test_paths_lead_to_calls_to_the_counter_or_to_the_operators(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        ask = gate.http.request
        assert (await ask("GET", "/livez")).status_code == 200
        assert (await ask("GET", "/v1/models")).json()["data"][0]["id"] == "m"
        assert (await ask("POST", "/v1/chat/completions", json=chat("x"))).status_code == 200
        run = (await ask("POST", "/v1/runs", json={})).json()
        assert (await ask("POST", f"/runs/{run['id']}/v1/chat/completions", json=chat("x"))).status_code == 200
        assert (await ask("GET", f"/runs/{run['id']}/v1/models")).status_code == 200
        assert len(ends(gate)) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", "/v1/chat/completions"), ("POST", "/v1/chat/completions/"), ("POST", "/v1//chat/completions")),
        *(("POST", "/v1/chat/completions/x"), ("POST", "/v1/CHAT/completions"), ("DELETE", "/v1/models/m")),
        *(("POST", "/v1/chat/%2e%2e/completions"), ("POST", "/v1/unknown"), ("POST", "/runs/x"), ("PUT", "/v1/runs")),
        *(("POST", "/v1/files"), ("POST", "/v1/images/generations"), ("POST", "/v1/fine_tuning/jobs/a/cancel")),
    ],
)
async def test_every_other_path_asks_for_a_key_and_sends_nothing(tmp_path: Path, method: str, path: str) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        stranger = await gate.http.request(method, path, headers={"authorization": ""}, json=chat("x"))
        assert stranger.status_code in (401, 404)
        known = await gate.http.request(method, path, json=chat("x"))
        assert known.status_code in (400, 404)
        assert "code" in known.text
        assert not gate.upstream.seen


async def test_too_many_calls_at_once_are_turned_away_with_figures(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO, bounds={"calls_max": 1}) as gate:
        gate.app.lives.calls_max = 0
        reply = await gate.http.post("/v1/chat/completions", json=chat("x"))
        assert (reply.status_code, reply.json()["error"]["param"]) == (429, "bounds.calls_max")
        gate.app.lives.draining = True
        reply = await gate.http.post("/v1/chat/completions", json=chat("x"))
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "draining")
        assert "draining" not in (await gate.http.get("/livez")).text
        assert (await gate.http.get("/readyz")).status_code == 503


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_has_ended_leaves_nothing_for_the_collector(tmp_path: Path, stream: bool) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        gc.collect()
        gc.disable()
        try:
            body = chat("mail a@example.com", stream=stream)
            assert (await gate.http.post("/v1/chat/completions", json=body)).status_code == 200
            await asyncio.sleep(0)
            assert not [each for each in gc.get_objects() if isinstance(each, Call)]
        finally:
            gc.enable()
