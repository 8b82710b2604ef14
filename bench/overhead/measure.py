"""Measure one gateway: prove that it does its work, then load it and read what each call cost."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.overhead.booked import NotBookedError, booked
from bench.overhead.client import PATIENCE_S, Figures
from bench.overhead.processes import Running, cpu_s, free_port, running
from bench.overhead.targets.target import Launch, Masks, Target
from bench.overhead.workloads import ECHO, PERSONAL, PLAIN, Workload

_MAIN = Path(__file__).parents[2]


class WorkError(Exception):
    """A gateway did not do what it is measured for; the message says what came instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how long; ``think_ms`` is how long the upstream takes to begin its answer.

    After ``target_s_max`` seconds on one gateway no further place is begun; those that it had no time for are told.
    """

    workloads: tuple[Workload, ...]
    callers: tuple[int, ...]
    think_ms: tuple[int, ...]
    seconds: float
    warm_s: float
    target_s_max: float

    def places(self) -> list["Place"]:
        """Return every place, the telling ones first: a slow gateway has no time for the last."""
        return [
            Place(think_ms, workload, callers)
            for workload in self.workloads
            for think_ms in self.think_ms
            for callers in self.callers
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """One workload at one concurrency and one latency of the upstream."""

    think_ms: int
    workload: Workload
    callers: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured at one place; ``problem`` says why there are no figures.

    Latencies are those of whole answers; ``added`` is what lies above the same callers asking the upstream directly.
    ``beside_us`` is the CPU time of the servers the gateway works on, a call, by their names.
    """

    workload: str
    think_ms: int
    callers: int
    calls: int = 0
    cpu_us: float = 0
    beside_us: dict[str, float] = field(default_factory=dict)
    calls_per_s: float = 0
    p50_ms: float = 0
    p95_ms: float = 0
    p99_ms: float = 0
    first_p50_ms: float = 0
    added_p50_ms: float = 0
    added_p95_ms: float = 0
    added_p99_ms: float = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One gateway; ``problem`` says why there are no cells, ``at`` when and on which commit it was measured.

    ``book`` says what of its calls was read back from its book. ``start_ms`` is from its start until it says that it is
    ready, ``first_ms`` until its first call is answered; ``idle_mb`` its memory then, ``loaded_mb`` after all loads.
    """

    name: str
    masks: Masks = "no"
    lacks: str = ""
    book: str = ""
    start_ms: float = 0
    first_ms: float = 0
    idle_mb: float = 0
    loaded_mb: float = 0
    cells: list[Cell] = field(default_factory=list)
    problem: str | None = None
    at: str = ""


DIRECT = Launch([], ready="/seen")  # the upstream itself
Baseline = dict[Place, Figures]


@contextmanager
def provider() -> Iterator[Running]:
    """Run the upstream."""
    port = free_port()
    command = [sys.executable, "-m", "bench.overhead.upstream", "--port", str(port)]
    with (
        tempfile.TemporaryDirectory(prefix="tollhouse-bench-") as folder,
        running(command, port, Path(folder), ready="/seen", env={}) as upstream,
    ):
        yield upstream


@dataclass(frozen=True, slots=True)
class Load:
    """Callers in a process of their own, asking whoever listens on ``port``; for so many ``calls``, or else seconds."""

    port: int
    launch: Launch
    workload: Workload
    callers: int
    seconds: float
    warm_s: float = 0.0
    calls: int | None = None
    pause_s: float = 0.0
    keys: Path | None = None
    runs: int = 0

    def run(self, gateway: Running | None = None) -> tuple[Figures, float]:
        """Return the callers' figures and the gateway's CPU seconds meanwhile. Raises WorkError if any call failed."""
        name = self.workload.name
        command = [sys.executable, "-m", "bench.overhead.client", "--port", str(self.port), "--workload", name]
        command += ["--callers", str(self.callers), "--seconds", str(self.seconds), "--warm-s", str(self.warm_s)]
        command += ["--pause-s", str(self.pause_s), "--key", self.launch.key]
        command += [] if self.calls is None else ["--calls", str(self.calls)]
        command += [] if self.keys is None else ["--keys", str(self.keys)]
        command += ["--runs", str(self.runs)]
        command += [] if self.launch.done else ["--no-done"]
        command += [f"--header={name}: {value}" for name, value in self.launch.headers.items()]
        with subprocess.Popen(command, cwd=_MAIN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            if client.stdout.readline() != "ready\n":
                raise WorkError(f"{name}: the callers could not be warmed up (their error is above)")
            before = gateway.cpu_s() if gateway else 0.0
            answer, _ = client.communicate("go\n", timeout=self.seconds + 2 * PATIENCE_S)
            spent = gateway.cpu_s() - before if gateway else 0.0
        if client.returncode:
            raise WorkError(f"{name}: the callers ended with {client.returncode} (their error is above)")
        figures = Figures(**json.loads(answer))
        if figures.failed or not figures.calls:
            raise WorkError(f"{name}: {figures.failed} calls failed: {'; '.join(figures.errors)}")
        return figures, spent


def baseline(upstream: Running, plan: Plan) -> Baseline:
    """Ask the upstream directly: what the callers and the upstream themselves take."""
    found = {}
    for place in plan.places():
        told(upstream, f"/think/{place.think_ms}")
        load = Load(upstream.port, DIRECT, place.workload, place.callers, plan.seconds, plan.warm_s)
        found[place], _ = load.run()
    return found


def measure(target: Target, upstream: Running, plan: Plan, base: Baseline, say: Callable[[str], None]) -> Row:
    """Start a gateway, check it, load it; ``say`` is told how far it is. Raises StartError, WorkError."""
    port = free_port()
    told(upstream, "/think/0")
    with (
        tempfile.TemporaryDirectory(prefix="tollhouse-bench-") as name,
        target.prepared(Path(name), port, upstream.port) as launch,
        running(launch.command, port, Path(name), ready=launch.ready, env=launch.env, cwd=launch.cwd) as gateway,
    ):
        first_ms = gateway.start_ms + _answered_ms(port, launch)
        idle_mb = gateway.memory_mb()
        before = int(told(upstream, "/seen")["calls"])
        unable = verify(gateway, launch, upstream, plan.workloads)
        booked_words = "" if launch.book is None else _booked(launch, int(told(upstream, "/seen")["calls"]) - before)
        ends = time.monotonic() + plan.target_s_max
        cells = []
        for place in plan.places():
            problem = unable.get(place.workload.name) or ("no time left" if time.monotonic() > ends else None)
            if problem:
                cells.append(Cell(place.workload.name, place.think_ms, place.callers, problem=problem))
                continue
            told(upstream, f"/think/{place.think_ms}")
            load = Load(port, launch, place.workload, place.callers, plan.seconds, plan.warm_s)
            cells.append(_cell(place, load, gateway, upstream, base[place]))
            say(f"{target.name}: {_words(cells[-1])}")
        loaded_mb = gateway.memory_mb()
    return Row(
        name=target.name,
        masks=launch.masks,
        lacks=launch.lacks,
        book=booked_words,
        start_ms=gateway.start_ms,
        first_ms=round(first_ms, 1),
        idle_mb=round(idle_mb, 1),
        loaded_mb=round(loaded_mb, 1),
        cells=cells,
    )


def _booked(launch: Launch, calls: int) -> str:
    """Return what the book has of the calls that proved the work, one each, read back."""
    assert launch.book is not None
    try:
        return booked(launch.book, calls, contents=launch.contents)
    except NotBookedError as error:
        raise WorkError(str(error)) from error


def _answered_ms(port: int, launch: Launch) -> float:
    """Make the first call; return how long its answer took."""
    headers = {"authorization": f"Bearer {launch.key}", "content-type": "application/json", **launch.headers}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    began = time.perf_counter()
    try:
        urllib.request.urlopen(urllib.request.Request(url, PLAIN.body(0), headers), timeout=PATIENCE_S).close()
    except OSError as error:
        raise WorkError(f"the first call failed: {error}") from error
    return (time.perf_counter() - began) * 1000


def verify(gateway: Running, launch: Launch, upstream: Running, workloads: Iterable[Workload]) -> dict[str, str]:
    """Make single calls and read back what the upstream received. Raises WorkError if the first workload fails.

    Each workload's answer must be whole. For a gateway that masks: no personal value reaches the upstream, and if it
    restores too, an echo of what it was sent comes back with all of them. Returned is which other workloads it cannot
    do, and why: they are not measured.
    """
    unable: dict[str, str] = {}
    for number, workload in enumerate(workloads if launch.masks != "both" else (*workloads, ECHO)):
        try:
            _prove(gateway, launch, upstream, workload)
        except WorkError as error:
            if number == 0 or workload is ECHO:
                raise
            unable[workload.name] = str(error).splitlines()[0][:200]
    return unable


def _prove(gateway: Running, launch: Launch, upstream: Running, workload: Workload) -> None:
    Load(gateway.port, launch, workload, callers=1, seconds=30, calls=2).run()
    received = str(told(upstream, "/seen")["body"])
    leaked = [kind for kind, value in PERSONAL.items() if value in received]
    if launch.masks != "no" and leaked:
        raise WorkError(f"{workload.name}: the upstream saw {', '.join(leaked)}")
    if launch.masks == "no" and len(leaked) != len(PERSONAL):
        raise WorkError(f"{workload.name}: the upstream did not see the text it was meant to see")


def _cell(place: Place, load: Load, gateway: Running, upstream: Running, direct: Figures) -> Cell:
    """Load a gateway. A place where calls fail is told with their words, and the others are measured all the same."""
    name, callers = place.workload.name, place.callers
    servers = load.launch.beside
    seen, before = int(told(upstream, "/seen")["calls"]), {server: cpu_s(servers[server]) for server in servers}
    try:
        figures, spent_s = load.run(gateway)
    except WorkError as error:
        return Cell(name, place.think_ms, callers, problem=str(error)[:200])
    reached = int(told(upstream, "/seen")["calls"]) - seen
    if reached < figures.calls:
        raise WorkError(f"{name}: {figures.calls} calls were answered, the upstream saw only {reached}")
    return Cell(
        workload=name,
        think_ms=place.think_ms,
        callers=callers,
        calls=figures.calls,
        cpu_us=round(spent_s / figures.calls * 1e6, 1),
        beside_us={server: round((cpu_s(servers[server]) - before[server]) / reached * 1e6, 1) for server in servers},
        calls_per_s=round(figures.calls / figures.seconds, 1),
        p50_ms=figures.p50_ms,
        p95_ms=figures.p95_ms,
        p99_ms=figures.p99_ms,
        first_p50_ms=figures.first_p50_ms,
        added_p50_ms=round(figures.p50_ms - direct.p50_ms, 3),
        added_p95_ms=round(figures.p95_ms - direct.p95_ms, 3),
        added_p99_ms=round(figures.p99_ms - direct.p99_ms, 3),
    )


def _words(cell: Cell) -> str:
    place = f"{cell.workload}, {cell.callers} callers, upstream {cell.think_ms} ms"
    return f"{place}: {cell.problem or f'{cell.cpu_us:,.0f} µs, {cell.calls_per_s:,.0f} calls/s'}"


def told(upstream: Running, path: str) -> dict[str, str | int]:
    """Ask the upstream something about itself, as `/seen`, and return its answer."""
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream.port}{path}", timeout=5) as answer:
        seen: dict[str, str | int] = json.load(answer)
        return seen
