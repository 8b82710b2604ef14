"""The ledger's results as a table and as a chart, both plain text."""

import math
from collections.abc import Sequence
from typing import Any

Row = dict[str, float]
WIDTH, HEIGHT, LEFT, BOTTOM = 640, 300, 60, 40


def table(kept: dict[str, Any]) -> str:
    """Return Markdown."""
    told = ", ".join(f"{name} {value}" for name, value in kept["machine"].items())
    lines = ["# The ledger", "", "`python -m bench.ledger`", "", told, ""]
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
    return "\n".join([*lines, "", "![CPU over tenants](ledger.svg)"]) + "\n"


def drawn(rows: Sequence[Row], redis: Sequence[Row] = ()) -> str:
    """Return an SVG: CPU µs of a call over the number of tenants, that axis logarithmic; Redis' in its own colour."""
    last = max(1.0, math.log10(rows[-1]["tenants"]))
    top = max(row["cpu_us"] for row in (*rows, *redis)) * 1.3

    def x(tenants: float) -> float:
        return LEFT + math.log10(tenants) / last * (WIDTH - LEFT - 20)

    def y(cpu_us: float) -> float:
        return HEIGHT - BOTTOM - cpu_us / top * (HEIGHT - BOTTOM - 20)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>')
    for power in range(round(last) + 1):
        at = x(10**power)
        parts.append(f'<line x1="{at}" x2="{at}" y1="20" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{HEIGHT - 20}" font-size="12" text-anchor="middle">{10**power:,}</text>')
    for cpu_us in range(0, math.ceil(top), max(1, round(top / 10))):
        at = y(cpu_us)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{at}" y2="{at}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4}" font-size="12" text-anchor="end">{cpu_us}</text>')
    for line, colour in ((rows, "#1f6feb"), (redis, "#c0392b")):
        if line:
            points = " ".join(f"{x(row['tenants']):.1f},{y(row['cpu_us']):.1f}" for row in line)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    title = "CPU µs of hold and settlement, over tenants (blue: embedded, red: on Redis)"
    parts.append(f'<text x="{LEFT}" y="14" font-size="13">{title}</text>')
    return "".join([*parts, "</svg>\n"])
