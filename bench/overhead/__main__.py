"""Measure what a gateway costs a call, side by side in one run: ``python -m bench.overhead [--quick]``.

Exit status 1 if a gateway could not be measured (nginx missing from the machine is told, and not counted).
"""

import argparse
import sys

from bench.overhead import report
from bench.overhead.machine import describe
from bench.overhead.measure import Plan, Row, WorkError, baseline, measure, provider
from bench.overhead.processes import StartError
from bench.overhead.targets.litellm import LiteLLM
from bench.overhead.targets.nginx import Nginx
from bench.overhead.targets.passthrough import Passthrough
from bench.overhead.targets.target import Target
from bench.overhead.targets.tollhouse import Tollhouse
from bench.overhead.workloads import BURST, LARGE, PACED, PLAIN

TARGETS: tuple[Target, ...] = (
    Nginx(),
    Passthrough(),
    LiteLLM(filtered=False),
    LiteLLM(filtered=True),
    Tollhouse(),
)
WHOLE = Plan((PLAIN, LARGE, BURST, PACED), (1, 16, 64), seconds=3.0, warm_s=0.5)
QUICK = Plan((PLAIN, LARGE, BURST), (1, 16, 64), seconds=0.8, warm_s=0.2)


def main() -> int:
    """Run the benchmark and print the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a glance: no paced streams, shorter; not kept")
    parser.add_argument("--only", metavar="NAME", help="gateways whose name contains this; not kept")
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else WHOLE
    wanted = [target for target in TARGETS if not arguments.only or arguments.only.lower() in target.name.lower()]
    if not wanted:
        parser.error(f"no gateway is called {arguments.only}: there are {', '.join(t.name for t in TARGETS)}")
    machine = describe(" ".join(["python -m bench.overhead", *sys.argv[1:]]))
    rows: list[Row] = []
    failed = False
    with provider() as upstream:
        base = baseline(upstream, plan)
        for target in wanted:
            problem = target.missing()
            if problem is None:
                print(f"measuring {target.name} …", file=sys.stderr, flush=True)
                try:
                    rows.append(measure(target, upstream, plan, base))
                    continue
                except (StartError, WorkError) as error:
                    problem, failed = str(error), True
            print(f"{target.name}: {problem}", file=sys.stderr, flush=True)
            rows.append(Row(target.name, masks="no", start_ms=0, idle_mb=0, loaded_mb=0, cells=[], problem=problem))
    print(report.text(machine, rows))
    if not (arguments.quick or arguments.only or failed):
        report.keep(machine, rows)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
