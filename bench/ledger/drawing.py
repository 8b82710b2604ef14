"""The ledger's results as a table and as a chart, both plain text."""

import math
from collections.abc import Sequence
from typing import Any

Row = dict[str, float]
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 300, 60, 40


def table(kept: dict[str, Any]) -> str:
    """Return Markdown."""
    lines = ["# The ledger", "", "`python -m bench.ledger`", ""]
    for which in ("machine", "machine of embedded", "machine of redis", "machine of starts"):
        if which in kept:
            told = ", ".join(f"{name} {value}" for name, value in kept[which].items())
            lines += [f"{which.partition(' of ')[2] or 'all'}: {told}", ""]
    lines += ["One hold over four scopes and six caps, its settlement, and the settlement taking effect.", ""]
    lines += ["| tenants | embedded, CPU µs |", "|---|---|"]
    lines += [f"| {row['tenants']:,} | {row['cpu_us']:.2f} |" for row in kept["embedded"]]
    lines += ["", "| idle runs | bytes each | CPU µs of a call beside them |", "|---|---|---|"]
    lines += [f"| {row['runs']:,} | {row['bytes']:,.0f} | {row['cpu_us']:.2f} |" for row in kept["runs"]]
    if "redis" in kept:
        lines += [
            "",
            "| tenants | on Redis, 64 calls at once: the client's CPU µs | Redis' own CPU µs |",
            "|---|---|---|",
        ]
        lines += [f"| {row['tenants']:,} | {row['cpu_us']:.1f} | {row['redis_us']:.0f} |" for row in kept["redis"]]
        lines += [f"\nAn idle run takes {row['bytes']:,.0f} bytes in Redis." for row in kept["redis_runs"]]
    if "starts" in kept:
        lines += [
            "",
            "| records | a start waits, ms (CPU) | with the oldest snapshot, ms (CPU) | with none, ms (CPU) |",
            "|---|---|---|---|",
        ]
        lines += [f"| {row['records']:,} | {' | '.join(_starts(row))} |" for row in kept["starts"]]
    plots = ["![CPU over tenants](ledger.svg)", "", "![Growth with runs and records](ledger-growth.svg)"]
    return "\n".join([*lines, "", *plots]) + "\n"


def _starts(row: Row) -> list[str]:
    pairs = (("wall_ms", "cpu_ms"), ("late_wall_ms", "late_cpu_ms"), ("whole_wall_ms", "whole_cpu_ms"))
    return [f"{row[wall]:,.0f} ({row[cpu]:,.0f})" if wall in row else "" for wall, cpu in pairs]


def drawn(rows: Sequence[Row], redis: Sequence[Row] = ()) -> str:
    """Return an SVG: CPU µs of a call over the number of tenants, that axis logarithmic; Redis' in its own colour."""
    lines = [[(row["tenants"], row["cpu_us"]) for row in each] for each in (rows, redis)]
    title = "CPU µs of hold and settlement, over tenants (blue: embedded, red: on Redis)"
    return _svg([_curves(title, lines, 0)], HEIGHT)


def grown(runs: Sequence[Row], starts: Sequence[Row]) -> str:
    """Return an SVG of two charts: bytes of an idle run over runs, and milliseconds of a start over records."""
    charts = [_curves("bytes of an idle run, over runs", [[(row["runs"], row["bytes"]) for row in runs]], 0)]
    if starts:
        lines = [[(row["records"], row[name]) for row in starts] for name in ("wall_ms", "late_wall_ms")]
        title = "ms that a start waits for its ledger, over records (blue: newest snapshot, red: oldest there may be)"
        charts.append(_curves(title, lines, HEIGHT))
    return _svg(charts, HEIGHT * len(charts))


def _svg(charts: Sequence[str], height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">'
    return "".join([head, f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>', *charts, "</svg>\n"])


def _curves(title: str, lines: Sequence[Sequence[tuple[float, float]]], down: int) -> str:
    """Return lines over a logarithmic axis, so far down."""
    points = [point for line in lines for point in line]
    first, last = (math.log10(end(x for x, _ in points)) for end in (min, max))
    top = max(y for _, y in points) * 1.3

    def across(x: float) -> float:
        return LEFT + (math.log10(x) - first) / max(1.0, last - first) * (WIDTH - LEFT - 20)

    def up(y: float) -> float:
        return down + HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - 20)

    parts = []
    for power in range(math.ceil(first), round(last) + 1):
        at = across(10**power)
        parts.append(f'<line x1="{at}" x2="{at}" y1="{down + 20}" y2="{up(0)}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{up(0) + 20}" font-size="12" text-anchor="middle">{10**power:,}</text>')
    step = max(1, round(top / 10))
    for value in range(0, math.ceil(top), step):
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{up(value)}" y2="{up(value)}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{up(value) + 4}" font-size="12" text-anchor="end">{value}</text>')
    for line, colour in zip(lines, ("#1f6feb", "#c0392b"), strict=False):
        if line:
            told = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
            parts.append(f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="2"/>')
    parts.append(f'<text x="{LEFT}" y="{down + 14}" font-size="13">{title}</text>')
    return "".join(parts)
