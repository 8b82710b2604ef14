"""Where a call's CPU time goes, stage by stage: ``python -m bench.profile [--workload plain] [--callers 16]``."""

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.overhead import workloads
from bench.overhead.machine import describe
from bench.overhead.measure import Load, provider
from bench.overhead.processes import free_port, running
from bench.overhead.targets.tollhouse import Tollhouse

WARM_S = 1.0


def main() -> None:
    """Load an instrumented gateway and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--workload", default="plain")
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    workload: workloads.Workload = getattr(workloads, arguments.workload.upper())
    with (
        provider() as upstream,
        tempfile.TemporaryDirectory(prefix="tollhouse-profile-") as name,
        Tollhouse(whole=True).prepared(folder := Path(name), port := free_port(), upstream.port) as launch,
    ):
        figures = folder / "figures.json"
        command = [sys.executable, "-m", "bench.profile.served", *launch.command[-2:], "--figures", str(figures)]
        with running(command, port, folder, ready=launch.ready, env=launch.env) as gateway:
            Load(port, launch, workload, arguments.callers, WARM_S).run()
            os.kill(gateway.process.pid, signal.SIGUSR1)
            answered, cpu_s = Load(port, launch, workload, arguments.callers, arguments.seconds).run(gateway)
        report = json.loads(figures.read_text())
    for name, value in describe(" ".join(["python -m bench.profile", *sys.argv[1:]])).items():
        print(f"- {name}: {value}")
    print(_table(report, answered.calls))
    print(f"\n/proc: {cpu_s / answered.calls * 1e6:,.0f} µs a call with the timing in it, {answered.calls} calls")


def _table(report: dict[str, Any], calls: int) -> str:
    places: dict[str, list[float]] = report["places"]
    lines = ["", "| place | CPU µs a call | entries a call |", "|---|--:|--:|"]
    for label, (spent_us, entries) in sorted(places.items(), key=lambda pair: -pair[1][0]):
        lines.append(f"| {label} | {spent_us / calls:.1f} | {entries / calls:.2f} |")
    named_us = sum(spent for spent, _ in places.values())
    loop_us, book_us, process_us = (float(report[name]) for name in ("loop_thread_us", "book_thread_us", "process_us"))
    lines.append(f"| the loop itself: sockets, tasks, timers, callbacks | {(loop_us - named_us) / calls:.1f} | |")
    lines.append(f"| the book's thread | {book_us / calls:.1f} | |")
    lines.append(f"| the whole process | {process_us / calls:.1f} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
