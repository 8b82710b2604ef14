"""The intent is on disk before the provider sees a byte; without it the hold is nothing."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.errors import ClientLeft
from tests.faults.exact import ECHO, marks, nothing_lost, quiet
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def test_each_attempt_has_its_intent_with_its_hold_before_its_request_arrives(tmp_path: Path) -> None:
    model = {"retries": {"attempts_max": 2, "base_s": 0.01, "cap_s": 0.01}}
    async with live(tmp_path, script=ECHO, model=model) as gate:
        durable: list[int] = []
        respond = gate.upstream.model.respond

        def noting(*parts: object) -> object:
            durable.append(len(gate.records("intent")))
            return respond(*parts)  # type: ignore[arg-type]

        gate.upstream.model.respond = noting  # type: ignore[method-assign, assignment]
        gate.upstream.fault("status", status=500, times=1)
        await gate.http.post(PATH, json=chat("x"))
        assert durable == [1, 2]
        first, second = gate.records("intent")
        assert first["hold"]["id"] == f"{first['call']}.1"
        kinds = [entry["t"] for entry in second["ledger"]]
        assert len(kinds) == 2, "the settlement of the first travels with the hold of the second"


async def test_a_cut_while_the_intent_is_written_waits_for_it_and_then_sends_nothing(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate, nothing_lost(gate, ended=20):

        async def cut_soon(turns: int) -> None:
            asking = asyncio.ensure_future(gate.http.post(PATH, json=chat("x", stream=True)))
            while not asking.done():
                await asyncio.sleep(0)
                for call in gate.app.lives.calls():
                    if call.attempts and call.task is None and call.cut_by is None:
                        for _ in range(turns):
                            await asyncio.sleep(0)
                        call.cut(ClientLeft("left"))
            await asking

        for turns in range(20):
            await cut_soon(turns)
        await quiet(gate)
        assert set(marks(gate)) <= {"released", "billed", "uncertain"}
        assert json.dumps(marks(gate)).count("released") >= 1
