"""Say what was measured: a table for people, a chart of bars, and JSON for the next comparison."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from bench.overhead.measure import Row

RESULTS = Path(__file__).parents[1] / "results"
BAR_COLUMNS = 50


def text(machine: dict[str, str], rows: list[Row]) -> str:
    """Return the whole report in Markdown."""
    return "\n".join([*_heading(machine), "", *_gateways(rows), "", *_cells(rows), "", *_chart(rows), "", *_NOTES])


_NOTES = [
    "CPU µs: user + system time of the gateway's processes, divided by the calls. added: the latency above the same",
    "callers asking the upstream directly. Callers, gateway and upstream share the cores and each caller asks",
    "again at once, so at 16 and 64 callers the latency is mostly the queue before a gateway that is never idle.",
    "plain: a 1.5 KB chat with e-mail, phone, card and IBAN; large: the same as the end of a conversation of 32 KB.",
    "burst, paced: 100 events at once, or one each 2 ms.",
]


def _heading(machine: dict[str, str]) -> list[str]:
    return ["# Overhead of a call", "", *(f"- {name}: {value}" for name, value in machine.items())]


def _gateways(rows: list[Row]) -> Iterator[str]:
    yield "| gateway | masks PII (proven) | start ms | idle MB | after load MB |"
    yield "|---|---|--:|--:|--:|"
    for row in rows:
        if row.problem:
            yield f"| {row.name} | not measured: {row.problem.splitlines()[0]} | | | |"
        else:
            masks = {"no": "no", "out": "out, not back", "both": "out and back"}[row.masks]
            yield f"| {row.name} | {masks} | {row.start_ms:.0f} | {row.idle_mb:.0f} | {row.loaded_mb:.0f} |"


def _cells(rows: list[Row]) -> Iterator[str]:
    yield "| call | callers | gateway | CPU µs | calls/s | p50 ms | p99 ms | added p50 ms | added p99 ms |"
    yield "|---|--:|---|--:|--:|--:|--:|--:|--:|"
    found = [(cell, row.name) for row in rows for cell in row.cells]
    order = list(dict.fromkeys((cell.workload, cell.callers) for cell, _ in found))
    for cell, name in sorted(found, key=lambda pair: order.index((pair[0].workload, pair[0].callers))):
        costs = f"{cell.cpu_us:,.0f} | {cell.calls_per_s:,.0f} | {cell.p50_ms:.2f} | {cell.p99_ms:.2f}"
        added = f"{cell.added_p50_ms:.2f} | {cell.added_p99_ms:.2f}"
        yield f"| {cell.workload} | {cell.callers} | {name} | {costs} | {added} |"


def _chart(rows: list[Row]) -> Iterator[str]:
    """Draw the CPU time of a plain call, each gateway at the concurrency where it is cheapest."""
    found = {row.name: min(cell.cpu_us for cell in row.cells if cell.workload == "plain") for row in rows if row.cells}
    if not found:
        return
    longest, width = max(found.values()), max(map(len, found))
    yield "```"
    yield "CPU µs of a plain call"
    for name, cpu_us in found.items():
        yield f"{name:<{width}} {'█' * max(1, round(BAR_COLUMNS * cpu_us / longest))} {cpu_us:,.0f}"
    yield "```"


def keep(machine: dict[str, str], rows: list[Row], folder: Path = RESULTS) -> None:
    """Keep the report and its figures as the last results."""
    folder.mkdir(exist_ok=True)
    (folder / "overhead.md").write_text(text(machine, rows) + "\n")
    tree = {"machine": machine, "gateways": [asdict(row) for row in rows]}
    (folder / "overhead.json").write_text(json.dumps(tree, indent=1) + "\n")
