"""How long calls take, by tenant and model, and how fast a profile's latency budget burns."""

from pathlib import Path
from typing import Any

import pytest

from agents.scripted import Reply, Rule
from gateway import latency
from gateway.latency import Latency
from limits.clock import ManualClock
from tests.faults.exact import ECHO, QUICK, script
from tests.gateway.live import chat, live
from tests.gateway.stages.exchange import call_for
from tests.gateway.test_metrics import samples

pytestmark = pytest.mark.anyio
PATH = "/v1/chat/completions"


async def test_percentiles_and_burn_rates_are_in_the_metrics_and_refusals_count_nowhere(tmp_path: Path) -> None:
    slow = Rule((Reply("word by word " * 9, event_gap_s=0.05),), match="tell")
    profiles = [{"name": "default", "latency": {"p95_s": 0.4, "p99_s": 30}, "run": {"steps": 0}}]
    async with live(tmp_path, script=script(rules=(slow,)), profiles=profiles, model={"retries": QUICK}) as gate:
        for _ in range(3):
            assert (await gate.http.post(PATH, json=chat("hi"))).status_code == 200
        await gate.http.post(PATH, json=chat("tell", stream=True))
        assert (await gate.http.post(PATH, json=chat("hi"), headers={"x-run-id": "a"})).status_code == 402
        gate.upstream.fault("status", status=500)
        assert (await gate.http.post(PATH, json=chat("hi"))).status_code == 502
        found = await samples(gate)
        quantile = {q: found["tollhouse_latency_seconds", _labels(quantile=q)] for q in ("0.5", "0.95", "0.99")}
        assert 0 < quantile["0.5"] <= quantile["0.95"] <= quantile["0.99"] < 5
        rate = found["tollhouse_latency_burn_rate", (("objective", "p99"), ("profile", "default"), ("window", "5m"))]
        assert rate == pytest.approx(1 / 5 / 0.01), "one of five failed, none was slow: the stream began in time"
        assert (
            "tollhouse_latency_burn_rate",
            (("objective", "p95"), ("profile", "default"), ("window", "3d")),
        ) in found


def _labels(**more: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"tenant": "acme", "model": "m", **more}.items()))


async def test_pairs_of_tenant_and_model_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "PAIRS_MAX", 1)
    made = Latency(ManualClock())
    async with live(tmp_path, script=ECHO) as gate:
        for label in ("a", "b", "c"):
            call: Any = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}]})
            call.tenant, call.profile = gate.key.tenant, gate.key.profile
            call.model = type("Named", (), {"label": label})
            made.ended(call, 1.0)
    assert set(made._pairs) == {("acme", "a"), ("other", "other")}


async def test_a_call_of_nobody_or_of_no_model_is_not_counted() -> None:
    made = Latency(ManualClock())
    call: Any = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    call.tenant = None
    made.ended(call, 1.0)
    assert [sample for metric in made.collect() for sample in metric.samples] == []
