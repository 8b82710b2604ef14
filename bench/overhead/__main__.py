"""Measure what a gateway costs a call, side by side in one run: ``python -m bench.overhead [--quick]``.

Each gateway's figures are kept as soon as they are there (bench/results/overhead.json), so a run that was ended goes on
with ``--resume``, and ``--targets portkey,mlflow`` measures these anew, not the others. ``python -m bench.report``
writes tables and charts into docs/benchmarks.md. Exit status 1 if a gateway could not be measured.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.overhead import kept, report
from bench.overhead.disk import sync_ms
from bench.overhead.machine import describe
from bench.overhead.measure import Plan, Row, WorkError, baseline, measure, provider
from bench.overhead.processes import StartError
from bench.overhead.targets.litellm import LiteLLM
from bench.overhead.targets.mlflow import MLflow
from bench.overhead.targets.nginx import Nginx
from bench.overhead.targets.passthrough import Passthrough
from bench.overhead.targets.portkey import Portkey
from bench.overhead.targets.target import Target
from bench.overhead.targets.tollhouse import Tollhouse
from bench.overhead.workloads import BURST, LARGE, PACED, PLAIN, TOOLS

TARGETS: tuple[Target, ...] = (
    Nginx(),
    Tollhouse(whole=False),
    Tollhouse(whole=True),
    Tollhouse(whole=False, compiled=True),
    Tollhouse(whole=True, compiled=True),
    Tollhouse(whole=False, shared=True),
    Tollhouse(whole=True, shared=True),
    Passthrough(),
    Portkey(),
    MLflow(),
    LiteLLM(filtered=False),
    LiteLLM(filtered=True),
)
WHOLE = Plan((PLAIN, LARGE, TOOLS, BURST, PACED), (1, 16, 64, 256), (0, 50), seconds=2.0, warm_s=0.5, target_s_max=300)
QUICK = Plan((PLAIN, LARGE, BURST), (1, 64), (0,), seconds=0.6, warm_s=0.2, target_s_max=20)


def main() -> int:
    """Run the benchmark, print the report, keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a glance: few places, short; not kept")
    parser.add_argument("--targets", metavar="NAMES", help="only gateways whose name contains one of these, by commas")
    parser.add_argument("--resume", action="store_true", help="only gateways without kept figures of this commit")
    parser.add_argument("--seconds", type=float, help="how long at each place")
    parser.add_argument("--target-seconds", type=float, help="begin no further place of a gateway after so long")
    parser.add_argument("--keep", type=Path, default=kept.RESULTS, help="the folder that keeps overhead.json")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else WHOLE
    if arguments.seconds:
        plan = replace(plan, seconds=arguments.seconds)
    if arguments.target_seconds:
        plan = replace(plan, target_s_max=arguments.target_seconds)
    machine = describe(" ".join(["python -m bench.overhead", *sys.argv[1:]])) | sync_ms()
    wanted = _named(arguments.targets)
    if not wanted:
        parser.error(f"no gateway is called {arguments.targets}: there are {'; '.join(t.name for t in TARGETS)}")
    rows = [] if arguments.quick else kept.rows(arguments.keep)
    if arguments.resume:
        done = {row.name for row in rows if row.at.endswith(machine["commit"]) and not row.problem}
        wanted = [target for target in wanted if target.name not in done]
    failed = False
    for row in _measured(wanted, plan, at=f"{machine['at']}, load {machine['load before']}, {machine['commit']}"):
        rows = kept.merged(rows, row, [target.name for target in TARGETS])
        failed = failed or row.problem is not None
        if not arguments.quick:
            kept.keep(machine, rows, arguments.keep)
    print(report.text(machine, rows))
    return int(failed)


def _measured(wanted: list[Target], plan: Plan, at: str) -> Iterator[Row]:
    """Measure one gateway after the other, and say on stderr how far it is."""
    if not wanted:
        return
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    with provider() as upstream:
        say("the upstream itself")
        base = baseline(upstream, plan)
        for target in wanted:
            problem = target.missing()
            if problem is None:
                say(target.name)
                try:
                    yield replace(measure(target, upstream, plan, base, say), at=at)
                    continue
                except (StartError, WorkError) as error:
                    problem = str(error)
            say(f"{target.name}: {problem}")
            yield Row(target.name, problem=problem, at=at)


def _named(names: str | None) -> list[Target]:
    parts = [part.strip().lower() for part in (names or "").split(",") if part.strip()]
    return [target for target in TARGETS if not parts or any(part in target.name.lower() for part in parts)]


if __name__ == "__main__":
    sys.exit(main())
