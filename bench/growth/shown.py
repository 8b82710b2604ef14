"""The growth's results as tables and charts."""

from typing import Any

from bench.charts import Axis, lines


def table(kept: dict[str, Any]) -> str:
    """Return Markdown: one table a kind of growth."""
    parts = []
    for name, kind in kept["kinds"].items():
        rows = [f"| {name} | CPU µs a call | calls a second | MB | ready ms |", "|--:|--:|--:|--:|--:|"]
        rows += [
            f"| {point['count']:,} | {point['cpu_us']:,.0f} | {point['calls_per_s']:,.0f} | {point['memory_mb']:,.0f} "
            f"| {point['start_ms']:,.0f} |"
            for point in kind["points"]
        ]
        machine = kind["machine"]
        rows += ["", f"{machine['at']}, load {machine['load before']}, {machine['commit']}: `{machine['command']}`"]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def charts(kept: dict[str, Any]) -> dict[str, str]:
    """Return name → SVG."""
    drawn = {
        name: [(point["count"], point["cpu_us"]) for point in kind["points"]]
        for name, kind in kept["kinds"].items()
        if name != "processes" and kind["points"]
    }
    found = {}
    if drawn:
        found["growth.svg"] = lines(
            "CPU µs of a 1.5 KB chat beside so many, 64 callers",
            Axis("how many", logarithmic=True),
            Axis("CPU µs a call", least=0),
            drawn,
        )
    if points := kept["kinds"].get("processes", {}).get("points"):
        found["growth-processes.svg"] = lines(
            "Processes on Redis and PostgreSQL, 64 callers",
            Axis("processes", least=1),
            Axis("", least=0),
            {
                "calls a second": [(point["count"], point["calls_per_s"]) for point in points],
                "CPU µs a call": [(point["count"], point["cpu_us"]) for point in points],
            },
        )
    return found
