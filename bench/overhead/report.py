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
_WORDS = {
    "plain": "1.5 KB chat (plain)",
    "large": "32 KB chat (large)",
    "tools": "tool call (tools)",
    "burst": "100 events (burst)",
    "paced": "100 events (paced)",
}


def text(machine: dict[str, str], rows: Sequence[Row]) -> str:
    """Return the whole report in Markdown."""
    described = [f"- {name}: {value}" for name, value in machine.items()]
    return "\n".join(["# Overhead of a call", "", *described, "", tables(rows), "", NOTES])


def tables(rows: Sequence[Row]) -> str:
    """Return the tables: the gateways, then one for each workload and latency of the upstream."""
    places = dict.fromkeys((cell.workload, cell.think_ms) for row in rows for cell in row.cells)
    grids = ["\n".join(_grid(rows, *place)) for place in places if _measured(rows, *place)]
    return "\n\n".join(["\n".join(_gateways(rows)), *grids, "\n".join(_unable(rows))]).rstrip()


def _gateways(rows: Sequence[Row]) -> Iterator[str]:
    columns = ("masks PII (proven)", "book (read back)", "ready ms", "first answer ms", "idle MB", "after load MB")
    yield f"| gateway | {' | '.join(columns)} | measured |"
    yield "|---|---|---|--:|--:|--:|--:|---|"
    for row in rows:
        if row.problem:
            yield f"| {row.name} | not measured: {row.problem.splitlines()[0]} | | | | | | {row.at} |"
            continue
        masks = {"no": "no", "out": "out, not back", "both": "out and back"}[row.masks]
        masks += f"; {row.lacks}" if row.lacks else ""
        figures = f"{row.start_ms:,.0f} | {row.first_ms:,.0f} | {row.idle_mb:.0f} | {row.loaded_mb:.0f}"
        yield f"| {row.name} | {masks} | {row.book or 'none'} | {figures} | {row.at} |"


def _grid(rows: Sequence[Row], workload: str, think_ms: int) -> Iterator[str]:
    """Yield a table of one line a gateway: CPU at each concurrency; calls a second and latency at one of them."""
    found = {row.name: {cell.callers: cell for cell in row.cells if _is(cell, workload, think_ms)} for row in rows}
    callers = list(dict.fromkeys(number for cells in found.values() for number in cells))
    columns = " | ".join(f"{'CPU µs: ' if number == callers[0] else ''}{number}" for number in callers)
    at = f"calls/s: {CHART_CALLERS} | added ms p50 / p95 / p99: {callers[0]} | {CHART_CALLERS}"
    yield f"| {_WORDS.get(workload, workload)}, upstream {think_ms} ms | {columns} | {at} |"
    yield f"|---|{'--:|' * (len(callers) + 3)}"
    for name, cells in found.items():
        told = [_told(cells.get(number), _cpu) for number in callers]
        many = cells.get(CHART_CALLERS)
        told += [_told(many, _rate), _told(cells.get(callers[0]), _added), _told(many, _added)]
        if any(each != "-" for each in told):
            yield f"| {name} | {' | '.join(told)} |"


def _measured(rows: Sequence[Row], workload: str, think_ms: int) -> bool:
    return any(_is(cell, workload, think_ms) and not cell.problem for row in rows for cell in row.cells)


def _is(cell: Cell, workload: str, think_ms: int) -> bool:
    return (cell.workload, cell.think_ms) == (workload, think_ms)


def _told(cell: Cell | None, shown: Callable[[Cell], str]) -> str:
    return "-" if cell is None or cell.problem else shown(cell)


def _cpu(cell: Cell) -> str:
    beside = "".join(f" + {spent:,.0f}" for spent in cell.beside_us.values())
    return f"{cell.cpu_us:,.0f}{beside}"


def _rate(cell: Cell) -> str:
    return f"{cell.calls_per_s:,.0f}"


def _added(cell: Cell) -> str:
    return " / ".join(f"{value:.2f}" for value in (cell.added_p50_ms, cell.added_p95_ms, cell.added_p99_ms))


def _unable(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what each gateway could not do, or had no time for, and at which places."""
    for row in rows:
        reasons: dict[str, list[str]] = {}
        for cell in row.cells:
            if cell.problem:
                reasons.setdefault(cell.problem, []).append(f"{cell.workload} {cell.callers} at {cell.think_ms} ms")
        for reason, places in reasons.items():
            yield f"- {row.name}, not measured: {', '.join(places)}: {reason}"


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
    drawn = {}
    if shown := {heading: group for heading, group in groups.items() if group}:
        drawn["overhead-cpu.svg"] = bars("CPU µs a call (logarithmic)", shown, logarithmic=True)
    if added:
        drawn["overhead-latency.svg"] = lines(
            "Added latency of a 1.5 KB chat, p50, upstream of 50 ms",
            Axis("callers", logarithmic=True),
            Axis("added ms", logarithmic=True),
            added,
        )
    return drawn


def _slow(cell: Cell) -> bool:
    return cell.workload == "plain" and cell.think_ms > 0
