"""Spans: one trace a run, carried on to the gateway; next to nothing when nobody listens."""

from pathlib import Path

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agents import trace
from tests.agents.scene import calls, says, scene

pytestmark = pytest.mark.anyio


def look() -> str:
    """Look."""
    return "x"


async def test_every_step_is_a_span_below_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(otel, "get_tracer", provider.get_tracer)
    async with scene(tmp_path, says("", calls("look"), "done")) as it:
        await it.agent(tools=[look]).arun("go")
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["thought", "action", "thought", "run"]
    run = spans[-1]
    assert {span.context.trace_id for span in spans if span.context} == {run.context.trace_id if run.context else 0}
    assert {span.parent.span_id for span in spans[:-1] if span.parent} == {run.context.span_id if run.context else 0}


def test_nobody_listening_costs_no_headers() -> None:
    assert otel.get_tracer_provider() is not None
    with trace.span("run", run="r") as headers:
        assert headers == {}
