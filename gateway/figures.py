"""How tools do: calls, errors, time and money since the start, of all workers, and their breakers now."""

from collections.abc import Iterable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from .tools.mcp import McpServers
from .tools.offers import Tools

_LABEL = "tool:"


@dataclass(slots=True)
class ToolFigures:
    """Figures of one tool; `breaker` is closed, open or half-open, "" for what runs at the client."""

    kind: str = "mcp"
    calls: int = 0
    errors: int = 0
    seconds: float = 0.0
    spent_nano_usd: int = 0
    breaker: str = ""

    @property
    def mean_ms(self) -> float:
        """A call's mean time."""
        return round(self.seconds * 1_000 / self.calls, 1) if self.calls else 0.0


class Figures:
    """Reads the figures off the metrics as they are shown (of all workers, if there are any) and the breakers."""

    def __init__(self, metrics: CollectorRegistry, tools: Tools, servers: McpServers) -> None:
        self._metrics = metrics
        self._tools = tools
        self._servers = servers

    def read(self) -> dict[str, ToolFigures]:
        """Return the figures of the configured tools, and of MCP servers' (`SERVER.TOOL`) that are named or listed."""
        found = {
            tool.name: ToolFigures(tool.settings.kind, breaker=tool.targets[0].breaker.state if tool.targets else "")
            for tool in self._tools.values()
        }
        for name, breaker in self._servers.breakers().items():
            for tool in self._servers.tools_of(name):
                found[f"{name}.{tool}"] = ToolFigures(breaker=breaker.state)
        for sample, labels, value in self._samples():
            figures = found.get(labels.get("model", "").removeprefix(_LABEL))
            if figures is None or not labels["model"].startswith(_LABEL):
                continue
            if sample == "tollhouse_calls_total":
                figures.calls += int(value)
                figures.errors += 0 if labels["code"] == "ok" else int(value)
            elif sample == "tollhouse_call_duration_seconds_sum":
                figures.seconds += value
            elif sample == "tollhouse_spent_nano_usd_total":
                figures.spent_nano_usd += int(value)
        return found

    def _samples(self) -> Iterable[tuple[str, dict[str, str], float]]:
        for metric in self._metrics.collect():
            for sample in metric.samples:
                yield sample.name, sample.labels, sample.value
