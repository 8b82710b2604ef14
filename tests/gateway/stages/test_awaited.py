"""Answers that wait for a yes: kept sealed, given once, kept over a restart's worth of memory."""

from pathlib import Path

import pytest

from tests.gateway.live import live
from tests.gateway.stages.test_consent import PAY, SCRIPT, ask, decide

pytestmark = pytest.mark.anyio


async def test_what_waits_is_sealed_and_nobody_reads_it_in_the_folder(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        asked = (await ask(gate)).json()["error"]["approval_id"]
        rows = gate.app.house.book.query("SELECT sealed FROM state_reply", ())
        rows += gate.app.house.book.query("SELECT sealed FROM state_approval", ())
        assert len(rows) == 2
        assert all(b"bob" not in bytes(sealed) for (sealed,) in rows)
        await decide(gate, asked)
        answer = await ask(gate)
        assert answer.headers["x-tollhouse-replayed"]
        told = gate.records("outcome")[-1]["decisions"]
        assert {"stage": "recall", "decision": "approved", "approval": asked}.items() <= told[0].items()
        assert "billed" not in gate.records("outcome")[-1]


async def test_without_a_run_a_request_that_names_nothing_is_asked_of_the_model_again(tmp_path: Path) -> None:
    async with live(tmp_path, script=SCRIPT, tools=[PAY]) as gate:
        first = (await ask(gate, {})).json()["error"]["approval_id"]
        assert (await ask(gate, {})).json()["error"]["approval_id"] == first
        assert len(gate.upstream.bill.entries) == 2
        await decide(gate, first)
        assert (await ask(gate, {})).status_code == 200
        assert len(gate.upstream.bill.entries) == 3
