"""The results as a table and as a chart, both plain text."""

import math
from collections.abc import Mapping, Sequence

Row = dict[str, float]
WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM = 760, 360, 60, 60, 40
LINES = (
    ("bytes", "bytes a record", "#57606a"),
    ("cpu_us", "CPU µs a record, appending", "#1f6feb"),
    ("index_us", "CPU µs a record, indexing", "#8250df"),
    ("search_ms", "ms, slowest search", "#bf3989"),
    ("verify_us", "CPU µs a record, verifying the whole", "#bc4c00"),
    ("open_ms", "ms, opening the book", "#1a7f37"),
)
HEADS = (
    ("records", "records", 0),
    ("cpu_us", "append CPU µs", 1),
    ("wall_us", "append wall µs", 1),
    ("bytes", "bytes a record", 0),
    ("open_ms", "open ms", 1),
    ("index_us", "index CPU µs", 1),
    ("index_bytes", "index bytes", 0),
    ("search_ms", "slowest search ms", 1),
    ("verify_us", "verify CPU µs", 1),
    ("verify_s", "verify all, s", 1),
    ("verify_mb", "… peak MB", 0),
)
ONCE = (
    ("jsonl_us", "export JSON lines, CPU µs a record"),
    ("jsonl_mb", "… peak memory MB"),
    ("csv_us", "export CSV, CPU µs a record"),
    ("csv_mb", "… peak memory MB"),
    ("bundle_us", "export a bundle with proofs, CPU µs a record"),
    ("bundle_mb", "… peak memory MB"),
)


def table(rows: Sequence[Row], once: Row, machine: Mapping[str, str]) -> str:
    """Return Markdown."""
    lines = ["# The book", "", f"`{machine['command']}`", ""]
    lines += ["Wall time, searching and opening are what the machine's other work left of it; CPU time is not.", ""]
    lines += ["| " + " | ".join(head for _, head, _ in HEADS) + " |", "|" + "---|" * len(HEADS)]
    lines += ["| " + " | ".join(f"{row[name]:,.{places}f}" for name, _, places in HEADS) + " |" for row in rows]
    if once:
        lines += ["", "At a million records, exporting all of them:", "", "| | |", "|---|---|"]
        lines += [f"| {head} | {once[name]:,.1f} |" for name, head in ONCE]
    lines += ["", "![growth](book.svg)", "", *(f"- {name}: {value}" for name, value in machine.items())]
    return "\n".join(lines) + "\n"


def drawn(rows: Sequence[Row]) -> str:
    """Return an SVG: figures over the number of records, both axes logarithmic."""
    low, high = math.log10(rows[0]["records"]), max(math.log10(rows[-1]["records"]), math.log10(rows[0]["records"]) + 1)
    top = math.log10(max(max(row[name] for row in rows) for name, _, _ in LINES) * 1.5)
    bottom = min(0.0, math.log10(min(min(row[name] for row in rows) for name, _, _ in LINES)))

    def x(records: float) -> float:
        return LEFT + (math.log10(records) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - bottom) / (top - bottom) * (HEIGHT - BOTTOM - 20)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + 140}" font-family="sans-serif">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT + 140}" fill="#fff"/>')
    for power in range(math.ceil(low), math.floor(high) + 1):
        at = x(10**power)
        parts.append(f'<line x1="{at}" x2="{at}" y1="20" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{HEIGHT - 20}" font-size="12" text-anchor="middle">{10**power:,}</text>')
    for power in range(math.ceil(bottom), math.floor(top) + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4}" font-size="12" text-anchor="end">{10.0**power:g}</text>')
    for number, (name, head, colour) in enumerate(LINES):
        points = " ".join(f"{x(row['records']):.1f},{y(row[name]):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        line = HEIGHT + 12 + 20 * number
        parts.append(f'<rect x="{LEFT}" y="{line - 9}" width="18" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 26}" y="{line}" font-size="13">{head}</text>')
    return "".join([*parts, "</svg>\n"])
