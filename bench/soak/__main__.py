"""Does it grow? ``python -m bench.soak --minutes 30``: one gateway under a gentle, mixed load, watched all the time.

Kept in bench/results/soak.json: memory, descriptors, threads and CPU every few seconds. Judged is the memory's slope
after the first minutes, in which caches fill: under 1 MB in 10 minutes; and whether descriptors grow.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from bench.overhead.machine import describe
from bench.overhead.measure import Load, provider
from bench.overhead.processes import Running, free_port, running
from bench.overhead.targets.tollhouse import Tollhouse
from bench.overhead.workloads import BURST, LARGE, PLAIN, TOOLS
from bench.soak.samples import Sample, judge, sample

RESULTS = Path(__file__).parents[1] / "results"
SHARES = ((PLAIN, 0.6), (TOOLS, 0.2), (BURST, 0.1), (LARGE, 0.1))
CALLERS = 4


def main() -> int:
    """Run, tell, keep; 1 if it grows."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--warm-minutes", type=float, default=10, help="not judged: caches and tables still fill")
    parser.add_argument("--calls-per-s", type=float, default=50, help="a gentle load")
    parser.add_argument("--every-s", type=float, default=10, help="between two samples")
    parser.add_argument("--keep", type=Path, default=RESULTS, help="where soak.json goes")
    arguments = parser.parse_args()
    machine = describe(" ".join(["python -m bench.soak", *sys.argv[1:]]))
    samples = list(_watched(arguments.minutes * 60, arguments.calls_per_s, arguments.every_s))
    verdict = judge(samples, arguments.warm_minutes * 60)
    kept = {
        "machine": machine,
        "warm_s": arguments.warm_minutes * 60,
        "verdict": asdict(verdict),
        "samples": [asdict(each) for each in samples],
    }
    arguments.keep.mkdir(exist_ok=True)
    (arguments.keep / "soak.json").write_text(json.dumps(kept, indent=1) + "\n")
    print(json.dumps(asdict(verdict), indent=1))
    return int(not verdict.flat)


def _watched(seconds: float, calls_per_s: float, every_s: float) -> Iterator[Sample]:
    with (
        provider() as upstream,
        tempfile.TemporaryDirectory(prefix="tollhouse-soak-") as name,
        Tollhouse(whole=True).prepared(Path(name), port := free_port(), upstream.port) as launch,
        running(launch.command, port, Path(name), ready=launch.ready, env=launch.env) as gateway,
        ThreadPoolExecutor(len(SHARES)) as callers,
    ):
        ended = threading.Event()
        loads = [
            Load(port, launch, workload, CALLERS, seconds, pause_s=CALLERS / (calls_per_s * share))
            for workload, share in SHARES
        ]
        running_loads = [callers.submit(load.run) for load in loads]
        for load in running_loads:
            load.add_done_callback(lambda _: ended.set())
        yield from _samples(gateway, upstream, ended, every_s)
        for load in running_loads:
            load.result()


def _samples(gateway: Running, upstream: Running, ended: threading.Event, every_s: float) -> Iterator[Sample]:
    began = time.monotonic()
    while True:
        taken = sample(gateway, upstream, time.monotonic() - began)
        print(f"{taken.at_s:7.0f} s  {taken.calls:9,} calls  {taken.rss_mb:6.1f} MB  {taken.files} fds", flush=True)
        yield taken
        if ended.wait(every_s):
            return


if __name__ == "__main__":
    sys.exit(main())
