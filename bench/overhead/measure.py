"""Measure one gateway: prove that it does its work, then load it and read what each call cost."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.overhead.client import PATIENCE_S, Figures
from bench.overhead.processes import Running, free_port, running
from bench.overhead.targets.target import Launch, Masks, Target
from bench.overhead.workloads import ECHO, PERSONAL, Workload

_MAIN = Path(__file__).parents[2]


class WorkError(Exception):
    """A gateway did not do what it is measured for; the message says what came instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how long."""

    workloads: tuple[Workload, ...]
    callers: tuple[int, ...]
    seconds: float
    warm_s: float


@dataclass(frozen=True, slots=True)
class Cell:
    """One workload at one concurrency.

    Latencies are those of whole answers; ``added`` is what lies above the same callers asking the upstream directly.
    """

    workload: str
    callers: int
    calls: int
    cpu_us: float
    calls_per_s: float
    p50_ms: float
    p99_ms: float
    first_p50_ms: float
    added_p50_ms: float
    added_p99_ms: float


@dataclass(frozen=True, slots=True)
class Row:
    """One gateway; ``problem`` says why there are no cells."""

    name: str
    masks: Masks
    start_ms: float
    idle_mb: float
    loaded_mb: float
    cells: list[Cell]
    problem: str | None = None


Baseline = dict[tuple[str, int], Figures]


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
    key: str
    workload: Workload
    callers: int
    seconds: float
    warm_s: float = 0.0
    calls: int | None = None

    def run(self, gateway: Running | None = None) -> tuple[Figures, float]:
        """Return the callers' figures and the gateway's CPU seconds meanwhile. Raises WorkError if any call failed."""
        name = self.workload.name
        command = [sys.executable, "-m", "bench.overhead.client", "--port", str(self.port), "--workload", name]
        command += ["--callers", str(self.callers), "--seconds", str(self.seconds), "--warm-s", str(self.warm_s)]
        command += ["--key", self.key] + ([] if self.calls is None else ["--calls", str(self.calls)])
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
    return {
        (workload.name, callers): Load(upstream.port, "none", workload, callers, plan.seconds, plan.warm_s).run()[0]
        for workload in plan.workloads
        for callers in plan.callers
    }


def measure(target: Target, upstream: Running, plan: Plan, base: Baseline) -> Row:
    """Start a gateway, check it, load it. Raises StartError, WorkError."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="tollhouse-bench-") as name:
        launch = target.prepare(Path(name), port, upstream.port)
        with running(launch.command, port, Path(name), ready=launch.ready, env=launch.env) as gateway:
            idle_mb = gateway.memory_mb()
            verify(gateway, launch, upstream, plan.workloads)
            cells = []
            for workload in plan.workloads:
                for callers in plan.callers:
                    load = Load(port, launch.key, workload, callers, plan.seconds, plan.warm_s)
                    cells.append(_cell(load, gateway, upstream, base[workload.name, callers]))
            loaded_mb = gateway.memory_mb()
            return Row(target.name, launch.masks, gateway.start_ms, round(idle_mb, 1), round(loaded_mb, 1), cells)


def verify(gateway: Running, launch: Launch, upstream: Running, workloads: Iterable[Workload]) -> None:
    """Make single calls and read back what the upstream received. Raises WorkError.

    Each workload's answer must be whole. For a gateway that masks: no personal value reaches the upstream, and if it
    restores too, an echo of what it was sent comes back with all of them.
    """
    for workload in workloads if launch.masks == "out" else (*workloads, ECHO):
        Load(gateway.port, launch.key, workload, callers=1, seconds=30, calls=2).run()
        received = str(_seen(upstream)["body"])
        leaked = [kind for kind, value in PERSONAL.items() if value in received]
        if launch.masks != "no" and leaked:
            raise WorkError(f"{workload.name}: the upstream saw {', '.join(leaked)}")
        if launch.masks == "no" and len(leaked) != len(PERSONAL):
            raise WorkError(f"{workload.name}: the upstream did not see the text it was meant to see")


def _cell(load: Load, gateway: Running, upstream: Running, direct: Figures) -> Cell:
    before = int(_seen(upstream)["calls"])
    figures, cpu_s = load.run(gateway)
    reached = int(_seen(upstream)["calls"]) - before
    if reached < figures.calls:
        raise WorkError(f"{load.workload.name}: {figures.calls} calls were answered, the upstream saw only {reached}")
    return Cell(
        workload=load.workload.name,
        callers=load.callers,
        calls=figures.calls,
        cpu_us=round(cpu_s / figures.calls * 1e6, 1),
        calls_per_s=round(figures.calls / figures.seconds, 1),
        p50_ms=figures.p50_ms,
        p99_ms=figures.p99_ms,
        first_p50_ms=figures.first_p50_ms,
        added_p50_ms=round(figures.p50_ms - direct.p50_ms, 3),
        added_p99_ms=round(figures.p99_ms - direct.p99_ms, 3),
    )


def _seen(upstream: Running) -> dict[str, str | int]:
    with urllib.request.urlopen(f"http://127.0.0.1:{upstream.port}/seen", timeout=5) as answer:
        seen: dict[str, str | int] = json.load(answer)
        return seen
