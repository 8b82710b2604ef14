"""Say what was measured: tables in Markdown, and the charts."""

from collections.abc import Callable, Iterator, Sequence

from bench.charts import Axis, bars, lines
from bench.overhead.measure import Cell, Row

NOTES = """\
CPU µs: user and system time of the gateway's processes by the kernel's own clock, divided by the calls; behind the
plus, what Redis and PostgreSQL spent on them. Added: the latency above the same callers asking the upstream directly.
Callers, gateway and upstream share the cores and a caller asks again at once, so where the upstream takes 0 ms latency
is the queue before a gateway that is never idle. plain: a chat of 1.5 KB with e-mail, phone, card and IBAN; large: the
same at the end of a conversation of 32 KB; tools: plain, with a tool offered and called; burst, paced: a stream of 100
events, at once or one each 10 ms. First answer: from the process's start until its first call is answered; idle is
resident memory then."""
CHART_CALLERS = 64


def text(machine: dict[str, str], rows: Sequence[Row]) -> str:
    """Return the whole report in Markdown."""
    described = [f"- {name}: {value}" for name, value in machine.items()]
    return "\n".join(["# Overhead of a call", "", *described, "", tables(rows), "", NOTES])


def tables(rows: Sequence[Row]) -> str:
    """Return the tables: the gateways, CPU time, calls a second, and added latency."""
    parts = ["\n".join(_gateways(rows))]
    for think_ms in sorted({cell.think_ms for row in rows for cell in row.cells}):
        parts.append(f"### Upstream of {think_ms} ms")
        parts.append("\n".join(_grid(rows, think_ms, "CPU µs a call", _cpu)))
        parts.append("\n".join(_grid(rows, think_ms, "calls a second", lambda cell: f"{cell.calls_per_s:,.0f}")))
        parts.append("\n".join(_grid(rows, think_ms, "added ms, p50 / p95 / p99", _added)))
    return "\n\n".join(parts)


def _gateways(rows: Sequence[Row]) -> Iterator[str]:
    yield "| gateway | masks PII (proven) | ready ms | first answer ms | idle MB | after load MB | measured |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for row in rows:
        if row.problem:
            yield f"| {row.name} | not measured: {row.problem.splitlines()[0]} | | | | | {row.at} |"
            continue
        masks = {"no": "no", "out": "out, not back", "both": "out and back"}[row.masks]
        masks += f"; {row.lacks}" if row.lacks else ""
        memory = f"{row.idle_mb:.0f} | {row.loaded_mb:.0f}"
        yield f"| {row.name} | {masks} | {row.start_ms:,.0f} | {row.first_ms:,.0f} | {memory} | {row.at} |"


def _cpu(cell: Cell) -> str:
    beside = "".join(f" + {spent:,.0f}" for spent in cell.beside_us.values())
    return f"{cell.cpu_us:,.0f}{beside}"


def _added(cell: Cell) -> str:
    return " / ".join(f"{value:.2f}" for value in (cell.added_p50_ms, cell.added_p95_ms, cell.added_p99_ms))


def _grid(rows: Sequence[Row], think_ms: int, title: str, shown: Callable[[Cell], str]) -> Iterator[str]:
    """Yield a table of one line a gateway, one column a workload and concurrency."""
    places = list(dict.fromkeys(_place(cell) for row in rows for cell in row.cells if cell.think_ms == think_ms))
    yield f"| {title} | {' | '.join(places)} |"
    yield f"|---|{'--:|' * len(places)}"
    notes: list[str] = []
    for row in rows:
        cells = {_place(cell): cell for cell in row.cells if cell.think_ms == think_ms}
        told = []
        for place in places:
            cell = cells.get(place)
            if cell is not None and cell.problem:
                notes.append(f"- not measured: {row.name}, {place}: {cell.problem}")
            told.append("-" if cell is None or cell.problem else shown(cell))
        if cells:
            yield f"| {row.name} | {' | '.join(told)} |"
    if notes and shown is _cpu:
        yield ""
        yield from notes


def _place(cell: Cell) -> str:
    return f"{cell.workload} {cell.callers}"


def charts(rows: Sequence[Row]) -> dict[str, str]:
    """Return name → SVG."""
    cells = {row.name: [cell for cell in row.cells if not cell.problem] for row in rows}
    groups = {
        f"{words}, {CHART_CALLERS} callers": {
            name: cell.cpu_us
            for name, found in cells.items()
            for cell in found
            if (cell.workload, cell.callers, cell.think_ms) == (workload, CHART_CALLERS, 0)
        }
        for workload, words in (("plain", "1.5 KB chat"), ("large", "32 KB chat"), ("burst", "100 events, burst"))
    }
    added = {
        name: [(cell.callers, max(cell.added_p50_ms, 0.01)) for cell in found if _slow(cell)]
        for name, found in cells.items()
        if any(map(_slow, found))
    }
    drawn = {"overhead-cpu.svg": bars("CPU µs a call (logarithmic)", groups, logarithmic=True)}
    if added:
        drawn["overhead-latency.svg"] = lines(
            "Added latency of a 1.5 KB chat, p50, upstream of 50 ms",
            Axis("callers", logarithmic=True),
            Axis("ms", logarithmic=True),
            added,
        )
    return drawn


def _slow(cell: Cell) -> bool:
    return cell.workload == "plain" and cell.think_ms > 0
