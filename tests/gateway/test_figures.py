"""How a tool does, read off the metrics and its breaker."""

from random import Random

from prometheus_client import CollectorRegistry

from gateway.config.tools import ConfiguredTool
from gateway.figures import Figures, ToolFigures
from gateway.metrics import Metrics
from gateway.tools.mcp import McpServers
from gateway.tools.offers import Tools
from gateway.tools.pins import Pins
from limits.clock import SystemClock


async def test_a_tool_that_was_not_called_has_no_figures_but_a_breaker() -> None:
    clock, chance = SystemClock(), Random(1)
    metrics = Metrics(clock)
    CollectorRegistry().register(metrics)
    settings = ConfiguredTool.model_validate({"name": "find", "kind": "http", "url": "https://t.example"})
    tools = Tools((settings,), clock, chance)
    figures = Figures(metrics, tools, McpServers((), Pins(lambda *_: [], b"s" * 32), clock, chance, b"s" * 32))
    assert figures.of("find") == ToolFigures(breaker="closed")
    assert figures.of("nothing.at.all") == ToolFigures()
    await tools.close()
