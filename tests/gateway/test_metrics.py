from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio


async def samples(gate: Live) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = (await gate.http.get("/metrics")).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_calls_tokens_dollars_and_findings_are_counted_with_their_units(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post("/v1/chat/completions", json=chat("mail bob@example.com"))
        await gate.http.post("/v1/chat/completions", json=chat("x", model="unknown"))
        (entry,) = gate.upstream.bill.entries
        found = await samples(gate)
    assert found["tollhouse_calls_total", (("code", "ok"), ("model", "m"))] == 1
    assert found["tollhouse_calls_total", (("code", "model_not_found"), ("model", ""))] == 1
    nano = 1_000 * entry.prompt_tokens + 2_000 * entry.completion_tokens
    assert found["tollhouse_spent_nano_usd_total", (("mark", "billed"), ("model", "m"))] == nano
    assert found["tollhouse_tokens_total", (("direction", "input"), ("model", "m"))] == entry.prompt_tokens
    labels = (("action", "tokenize"), ("direction", "request"), ("kind", "email"))
    assert found["tollhouse_findings_total", labels] == 1
    assert found["tollhouse_call_duration_seconds_count", (("model", "m"),)] == 1


async def test_a_client_s_words_never_become_a_label(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post("/v1/chat/completions", json=chat("x", model="no-such-model-4711"))
        await gate.http.post("/v1/strange-4711", json={})
        assert "4711" not in (await gate.http.get("/metrics")).text
