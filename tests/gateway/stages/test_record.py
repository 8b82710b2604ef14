"""One record for each call of a key, whatever happens; strangers are counted only."""

from pathlib import Path

import pytest

from tests.faults.exact import ECHO, ends
from tests.faults.test_unwritable_book import full_disk
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"


async def test_every_call_of_a_key_has_one_and_a_stranger_none(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        await gate.http.post(PATH, json=chat("x"))
        await gate.http.post(PATH, json=chat("x", n=0))
        await gate.http.post(PATH, content=b"{")
        await gate.http.post("/v1/files", json={})
        await gate.http.post(PATH, json=chat("x"), headers={"authorization": "Bearer nobody"})
        assert [record["kind"] for record in ends(gate)] == ["outcome", "refusal", "refusal", "refusal"]
        assert gate.app.strangers._counts == {"invalid_api_key": 1}


async def test_an_outcome_that_cannot_be_written_counts_as_that_failure(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        with full_disk():
            assert (await gate.http.post(PATH, json=chat("x"))).status_code == 503
        metrics = (await gate.http.get("/metrics")).text
        assert 'tollhouse_calls_total{code="audit_unavailable",model="m"} 1.0' in metrics
