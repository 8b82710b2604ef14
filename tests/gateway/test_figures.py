"""How tools do, read off the metrics of all workers and their breakers."""

from random import Random
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.config.mcp import McpServer
from gateway.config.tools import ConfiguredTool
from gateway.figures import Figures, ToolFigures
from gateway.tools.mcp import McpServers
from gateway.tools.offers import Tools
from gateway.tools.pins import Pins
from limits.clock import SystemClock

FIND = {"name": "find", "kind": "http", "url": "https://t.example"}
NOTES = {"name": "notes", "url": "https://n.example", "tools": [{"name": "look"}]}


class Told(Collector):
    """Two workers' samples of one tool, and a model's of the same name."""

    def collect(self) -> list[Metric]:
        calls = CounterMetricFamily("tollhouse_calls", "Calls", labels=("model", "code", "worker"))
        spent = CounterMetricFamily("tollhouse_spent_nano_usd", "Spent", labels=("model", "worker"))
        times = HistogramMetricFamily("tollhouse_call_duration_seconds", "Times", labels=("model", "worker"))
        for worker in ("0", "1"):
            calls.add_metric(("tool:find", "ok", worker), 3)
            calls.add_metric(("tool:find", "upstream_error", worker), 1)
            calls.add_metric(("find", "ok", worker), 100)
            calls.add_metric(("tool:elsewhere", "ok", worker), 100)
            spent.add_metric(("tool:find", worker), 7)
            times.add_metric(("tool:find", worker), [("+Inf", 4)], 2.0)
        return [calls, spent, times]


def figures(*collectors: Collector) -> Figures:
    clock, chance, registry = SystemClock(), Random(1), CollectorRegistry()
    for each in collectors:
        registry.register(each)
    pins = Pins(lambda *_: [], b"s" * 32)
    said: dict[str, Any] = {"name": "drop"}
    pins.see("notes", said)
    servers = McpServers((McpServer.model_validate(NOTES),), pins, clock, chance, b"s" * 32)
    tools = (ConfiguredTool.model_validate(FIND), ConfiguredTool(name="here", kind="local"))
    return Figures(registry, Tools(tools, clock, chance), servers)


def test_a_tool_that_was_not_called_has_no_figures_but_a_breaker() -> None:
    assert figures().read() == {
        "find": ToolFigures("http", breaker="closed"),
        "here": ToolFigures("local"),
        "notes.look": ToolFigures("mcp", breaker="closed"),
        "notes.drop": ToolFigures("mcp", breaker="closed"),
    }


def test_the_workers_figures_are_added_and_a_model_of_the_same_name_is_another() -> None:
    found = figures(Told()).read()["find"]
    assert (found.calls, found.errors, found.mean_ms, found.spent_nano_usd) == (8, 2, 500.0, 14)
