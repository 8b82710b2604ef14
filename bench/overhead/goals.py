"""The goals, and what the kept figures say of each."""

import re
from collections.abc import Callable, Iterator, Sequence

from bench.overhead.measure import Cell, Row
from bench.overhead.targets.litellm import LiteLLM
from bench.overhead.targets.nginx import Nginx
from bench.overhead.targets.tollhouse import Tollhouse

CALLERS = 64
# As the image and the wheel have it. What servers add is between two that run from the sources.
CORE, WHOLE = Tollhouse(whole=False, compiled=True).name, Tollhouse(whole=True, compiled=True).name
CORE_ALONE, CORE_SHARED = Tollhouse(whole=False).name, Tollhouse(whole=False, shared=True).name
NGINX, FILTERED = Nginx.name, LiteLLM(filtered=True).name


def table(rows: Sequence[Row], machine: dict[str, str]) -> str:
    """Return Markdown: goal, measured, reached. Of what was not measured it says so."""
    lines = ["| goal | at most | measured | |", "|---|--:|--:|---|"]
    for words, most, measured in _goals({row.name: row for row in rows}, machine):
        if measured is None:
            lines.append(f"| {words} | {most:,.10g} | - | not measured |")
        else:
            reached = "reached" if measured <= most else "not reached"
            lines.append(f"| {words} | {most:,.10g} | {measured:,.{0 if measured >= 10 else 2}f} | {reached} |")
    return "\n".join(lines)


Goal = tuple[str, float, float | None]


def _goals(rows: dict[str, Row], machine: dict[str, str]) -> Iterator[Goal]:
    def cpu(name: str, workload: str) -> float | None:
        return _at(rows.get(name), (workload, 0, CALLERS), lambda cell: cell.cpu_us)

    yield "core path, 1.5 KB, CPU µs", 100, cpu(CORE, "plain")
    yield "everything on, with a tool call, CPU µs", 150, cpu(WHOLE, "tools")
    yield "core path, 1.5 KB, times nginx", 5, _ratio(cpu(CORE, "plain"), cpu(NGINX, "plain"))
    yield (
        "everything on, 1.5 KB, % of LiteLLM with its content filter",
        1,
        _percent(cpu(WHOLE, "plain"), cpu(FILTERED, "plain")),
    )
    yield "core path, 32 KB, CPU µs", 900, cpu(CORE, "large")
    yield "everything on, 32 KB, CPU µs", 1_200, cpu(WHOLE, "large")
    yield "everything on, 100 events in a burst, CPU µs", 1_000, cpu(WHOLE, "burst")
    yield "everything on, 100 events paced, CPU µs", 5_000, cpu(WHOLE, "paced")
    yield (
        "what Redis and PostgreSQL add to the gateway's own CPU µs",
        30,
        _less(cpu(CORE_SHARED, "plain"), cpu(CORE_ALONE, "plain")),
    )
    added = _at(rows.get(WHOLE), ("plain", 50, CALLERS), lambda cell: cell.added_p50_ms)
    yield "everything on, added p50 ms at 64 callers and an upstream of 50 ms", 1, added
    if found := re.search(r"p99 ([\d.]+) ms", machine.get("fsync of a page", "")):
        alone = _at(rows.get(CORE), ("plain", 0, 1), lambda cell: cell.added_p50_ms)
        yield "core path, added p50 ms, 1 caller: two durable writes", 2 * float(found[1]) + 0.5, alone
    for name in (CORE, WHOLE):
        if (row := rows.get(name)) is not None and row.cells:
            yield f"{name}: first answer ms", 1_000, row.first_ms
            yield f"{name}: idle MB", 90, row.idle_mb


def _at(row: Row | None, place: tuple[str, int, int], figure: Callable[[Cell], float]) -> float | None:
    for cell in () if row is None else row.cells:
        if (cell.workload, cell.think_ms, cell.callers) == place and not cell.problem:
            return figure(cell)
    return None


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one / other


def _percent(one: float | None, other: float | None) -> float | None:
    found = _ratio(one, other)
    return None if found is None else found * 100


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
