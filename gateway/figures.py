"""How a tool does: calls, errors, time and money since the start, and its breaker now."""

from dataclasses import dataclass

from .metrics import Metrics
from .tools.mcp import McpServers
from .tools.offers import Tools


@dataclass(frozen=True, slots=True)
class ToolFigures:
    """Figures of one tool; `breaker` is closed, open or half-open, "" for what runs at the client."""

    calls: int = 0
    errors: int = 0
    mean_ms: float = 0.0
    spent_nano_usd: int = 0
    breaker: str = ""


class Figures:
    """Reads the figures off the metrics and the breakers."""

    def __init__(self, metrics: Metrics, tools: Tools, servers: McpServers) -> None:
        self._metrics = metrics
        self._tools = tools
        self._servers = servers

    def of(self, name: str) -> ToolFigures:
        """Return the figures of a tool of the configuration, or of an MCP server's (`SERVER.TOOL`)."""
        calls, errors, seconds, nano = self._metrics.sums(f"tool:{name}")
        tool = self._tools.get(name)
        breaker = ""
        if tool is not None and tool.targets:
            breaker = tool.targets[0].breaker.state
        elif tool is None:
            own = self._servers.breakers().get(name.partition(".")[0])
            breaker = "" if own is None else own.state
        return ToolFigures(calls, errors, round(seconds * 1_000 / calls, 1) if calls else 0.0, nano, breaker)
