"""Where a call's CPU time goes, stage by stage, beside its budget: ``python -m bench.profile [--whole]``.

Two gateways are loaded alike, one after the other: one as it is served, for what is true of the whole, and one whose
stages and seams are timed. Kept in bench/results/profile.json.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.overhead import workloads
from bench.overhead.machine import describe
from bench.overhead.measure import Load, provider
from bench.overhead.processes import Running, free_port, running
from bench.overhead.targets.target import Launch
from bench.overhead.targets.tollhouse import Tollhouse
from bench.profile.budget import spent, table

RESULTS = Path(__file__).parents[1] / "results"
WARM_S = 1.0
TURNS = 3
CORE_US, WHOLE_US = 100.0, 150.0


def main() -> None:
    """Load both gateways, print the tables, keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="everything on and a tool call, instead of the core path")
    parser.add_argument("--workload", help="plain, large, tools, burst, paced")
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--keep", type=Path, default=RESULTS, help="where profile.json goes")
    arguments = parser.parse_args()
    name = arguments.workload or ("tools" if arguments.whole else "plain")
    machine = describe(" ".join(["python -m bench.profile", *sys.argv[1:]]))
    workload: workloads.Workload = getattr(workloads, name.upper())
    target = Tollhouse(whole=arguments.whole)
    true_us = _true_us(target, workload, arguments.callers, arguments.seconds)
    report, calls, timed_us = _timed(target, workload, arguments.callers, arguments.seconds)
    places = spent(report, calls, true_us)
    goal_us = WHOLE_US if arguments.whole else CORE_US
    found = {
        "machine": machine,
        "workload": name,
        "callers": arguments.callers,
        "goal_us": goal_us,
        "places": {label: round(us, 2) for label, us in sorted(places.items(), key=lambda pair: -pair[1])},
        "entries": {label: round(entries / calls, 2) for label, (_, entries) in report["places"].items()},
    }
    _keep(found, target.name, arguments.keep)
    for label, value in machine.items():
        print(f"- {label}: {value}")
    print(f"\n{table(places, goal_us)}\n\n{_by_place(found)}")
    print(f"\n{true_us:,.0f} µs a call without the timing, {timed_us:,.0f} with it, {calls} calls")


def _true_us(target: Tollhouse, workload: workloads.Workload, callers: int, seconds: float) -> float:
    """Return what a call costs a gateway that is not timed: of several turns the cheapest."""
    with _served(target, []) as (gateway, launch):
        figures = []
        for _ in range(TURNS):
            answered, cpu_s = Load(gateway.port, launch, workload, callers, seconds / TURNS, WARM_S).run(gateway)
            figures.append(cpu_s / answered.calls * 1e6)
    return min(figures)


def _timed(
    target: Tollhouse, workload: workloads.Workload, callers: int, seconds: float
) -> tuple[dict[str, Any], int, float]:
    """Return what a timed gateway reports, its calls, and what each cost with the timing in it."""
    with tempfile.TemporaryDirectory(prefix="tollhouse-profile-") as name:
        figures = Path(name) / "figures.json"
        with _served(target, ["--figures", str(figures)]) as (gateway, launch):
            Load(gateway.port, launch, workload, callers, WARM_S).run()
            os.kill(gateway.process.pid, signal.SIGUSR1)
            answered, cpu_s = Load(gateway.port, launch, workload, callers, seconds).run(gateway)
        report: dict[str, Any] = json.loads(figures.read_text())
    return report, answered.calls, cpu_s / answered.calls * 1e6


@contextmanager
def _served(target: Tollhouse, timed: list[str]) -> Iterator[tuple[Running, Launch]]:
    """Serve; with arguments for `bench.profile.served`, timed."""
    port = free_port()
    with (
        provider() as upstream,
        tempfile.TemporaryDirectory(prefix="tollhouse-profile-") as name,
        target.prepared(Path(name), port, upstream.port) as launch,
    ):
        command = launch.command
        if timed:
            command = [sys.executable, "-m", "bench.profile.served", *launch.command[-2:], *timed]
        with running(command, port, Path(name), ready=launch.ready, env=launch.env) as gateway:
            yield gateway, launch


def _keep(found: dict[str, Any], name: str, folder: Path) -> None:
    path = folder / "profile.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps({**kept, f"{name}, {found['workload']}": found}, indent=1) + "\n")


def _by_place(found: dict[str, Any]) -> str:
    lines = ["| place | CPU µs a call | entries a call |", "|---|--:|--:|"]
    lines += [f"| {label} | {us:.1f} | {found['entries'].get(label, 0):.2f} |" for label, us in found["places"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
