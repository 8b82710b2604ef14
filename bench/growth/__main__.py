"""Does a call cost more when there is more of everything? ``python -m bench.growth [--only tenants,runs]``.

For each kind of growth a gateway is filled (tenants with a key and a cap each, open runs, records in the book, idle
connections), or served by more processes on Redis and PostgreSQL, and loaded by 64 callers whose calls go round all
that there is. Kept as they come in bench/results/growth.json; `python -m bench.report` draws them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from bench.growth.filled import with_records, with_tenants
from bench.overhead.machine import describe
from bench.overhead.measure import Load, provider
from bench.overhead.processes import Running, free_port, running
from bench.overhead.targets.target import Launch
from bench.overhead.targets.tollhouse import Tollhouse
from bench.overhead.workloads import PLAIN

RESULTS = Path(__file__).parents[1] / "results"
CALLERS = 64
TURNS = 3
CONFIGURATION = "tollhouse.yaml"


@dataclass(frozen=True, slots=True)
class Point:
    """What a call costs beside so many; of several turns the cheapest, for what else runs on the machine only adds."""

    count: int
    cpu_us: float
    calls_per_s: float
    memory_mb: float
    start_ms: float


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway of this benchmark and what is needed to load it."""

    gateway: Running
    launch: Launch
    seconds: float

    def load(self, count: int, **more: Any) -> Point:
        """Load it in turns."""
        found = []
        for _ in range(TURNS):
            load = Load(self.gateway.port, self.launch, PLAIN, CALLERS, self.seconds, warm_s=0.5, **more)
            figures, cpu_s = load.run(self.gateway)
            found.append((cpu_s / figures.calls * 1e6, figures.calls / figures.seconds))
        return Point(
            count,
            cpu_us=round(min(cpu_us for cpu_us, _ in found), 1),
            calls_per_s=round(max(calls_per_s for _, calls_per_s in found), 1),
            memory_mb=round(self.gateway.memory_mb(), 1),
            start_ms=self.gateway.start_ms,
        )


@contextmanager
def _served(target: Tollhouse, seconds: float, fill: Callable[[Path], None] | None = None) -> Iterator[Site]:
    """Serve a folder that was filled before."""
    port = free_port()
    with (
        provider() as upstream,
        tempfile.TemporaryDirectory(prefix="tollhouse-growth-") as name,
        target.prepared(Path(name), port, upstream.port) as launch,
    ):
        _unlimited(Path(name) / CONFIGURATION)
        if fill is not None:
            fill(Path(name) / CONFIGURATION)
        with running(launch.command, port, Path(name), ready=launch.ready, env=launch.env) as gateway:
            yield Site(gateway, replace(launch, cwd=Path(name)), seconds)


def _unlimited(configuration: Path) -> None:
    """Let a run take as many steps as the load makes: here runs are only counted."""
    tree = yaml.safe_load(configuration.read_text())
    run = dict.fromkeys(("steps", "tokens", "usd"), "unlimited")
    tree["profiles"] = [{"name": "default", "run": run, "rates": {"concurrency": 4096}}]
    configuration.write_text(yaml.safe_dump(tree, sort_keys=False))


def tenants(count: int, seconds: float) -> Point:
    """Load with calls of all tenants in turns."""
    with tempfile.TemporaryDirectory(prefix="tollhouse-keys-") as name:
        keys = Path(name) / "keys"
        with _served(Tollhouse(whole=False), seconds, lambda path: with_tenants(path, count, keys)) as site:
            return site.load(count, keys=keys)


def runs(count: int, seconds: float) -> Point:
    """Load with calls of all open runs in turns; the first call of each opens it."""
    with _served(Tollhouse(whole=False), seconds) as site:
        opening = Load(site.gateway.port, site.launch, PLAIN, CALLERS, seconds=600, calls=count, runs=count)
        opening.run()
        return site.load(count, runs=count)


def records(count: int, seconds: float) -> Point:
    """Load beside a book of so many records."""
    with _served(Tollhouse(whole=False), seconds, lambda path: with_records(path, count)) as site:
        return site.load(count)


def connections(count: int, seconds: float) -> Point:
    """Load beside so many idle connections of clients."""
    with _served(Tollhouse(whole=False), seconds) as site:
        command = [sys.executable, "-m", "bench.growth.idle", "--port", str(site.gateway.port), "--count", str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as idle:
            assert idle.stdout is not None
            if idle.stdout.readline() != "ready\n":
                raise SystemExit("the idle connections could not be made (their error is above)")
            found = site.load(count)
            idle.communicate("")
        return found


def processes(count: int, seconds: float) -> Point:
    """Load so many processes on Redis and PostgreSQL."""
    with _served(Tollhouse(whole=False, shared=True, workers=count), seconds) as site:
        return site.load(count)


KINDS: dict[str, tuple[Callable[[int, float], Point], tuple[int, ...]]] = {
    "tenants": (tenants, (10, 100, 1_000, 10_000, 100_000)),
    "runs": (runs, (10, 100, 1_000, 10_000, 100_000)),
    "records": (records, (10, 1_000, 100_000, 1_000_000)),
    "connections": (connections, (10, 100, 1_000, 9_000)),
    "processes": (processes, (1, 2, 3, 4)),
}


def main() -> None:
    """Measure and keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--only", help="kinds of growth, by commas: " + ", ".join(KINDS))
    parser.add_argument("--largest", type=int, default=10**9, help="leave larger counts out")
    parser.add_argument("--seconds", type=float, default=2.0, help="each of three turns")
    parser.add_argument("--keep", type=Path, default=RESULTS, help="where growth.json goes")
    arguments = parser.parse_args()
    wanted = [name for name in KINDS if not arguments.only or name in arguments.only.split(",")]
    machine = describe(" ".join(["python -m bench.growth", *sys.argv[1:]]))
    path = arguments.keep / "growth.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"kinds": {}}
    for name in wanted:
        measure, counts = KINDS[name]
        points = []
        for count in counts:
            if count <= arguments.largest:
                point = measure(count, arguments.seconds)
                points.append(point)
                print(f"{name} {count:>9,}: {point.cpu_us:,.0f} µs, {point.calls_per_s:,.0f} calls/s", flush=True)
        kept["machine"] = machine
        kept["kinds"][name] = {"machine": machine, "points": [asdict(point) for point in points]}
        arguments.keep.mkdir(exist_ok=True)
        path.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
