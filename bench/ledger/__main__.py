"""What the ledger costs: CPU of a hold with its settlement over tenants, memory of idle runs, a start over its records.

python -m bench.ledger                 about six minutes; keeps bench/results/ledger.*
python -m bench.ledger --only redis    that part alone (embedded, redis, starts); the others stay as they were kept
python -m bench.ledger --only starts --records 10000000   starts up to so many records: 5 GB of disk, ten minutes
python -m bench.ledger --quick         a tenth of the calls, few tenants and records; keeps nothing
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.overhead.machine import describe

from . import replicated, starts
from .drawing import drawn, grown, table
from .embedded import figures, memory_of_runs

RESULTS = Path(__file__).parents[1] / "results"
TENANTS = (1, 10, 100, 1_000, 10_000, 100_000)
RUNS = (10_000, 100_000, 1_000_000)
CALLS = 60_000


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few calls, kept nowhere")
    parser.add_argument("--only", choices=("embedded", "redis", "starts"), help="one part")
    parser.add_argument("--records", type=int, default=1_000_000, help="the largest book that is started on")
    asked = parser.parse_args()
    kept_at = RESULTS / "ledger.json"
    kept = json.loads(kept_at.read_text()) if asked.only and kept_at.exists() else {}
    machine = describe(f"python -m bench.ledger {' '.join(sys.argv[1:])}".strip())
    kept["machine" if asked.only is None else f"machine of {asked.only}"] = machine
    if asked.only in (None, "embedded"):
        kept |= _embedded(quick=asked.quick)
    if asked.only in (None, "redis"):
        kept |= _redis(quick=asked.quick)
    if asked.only in (None, "starts"):
        kept |= _starts((20_000,) if asked.quick else [size for size in starts.RECORDS if size <= asked.records])
    if not asked.quick:
        kept_at.write_text(json.dumps(kept, indent=1) + "\n")
        (RESULTS / "ledger.md").write_text(table(kept))
        (RESULTS / "ledger.svg").write_text(drawn(kept["embedded"], kept.get("redis", ())))
        (RESULTS / "ledger-growth.svg").write_text(grown(kept["runs"], kept.get("starts", ())))
    return 0


def _embedded(*, quick: bool) -> dict[str, Any]:
    calls, rows = CALLS // 10 if quick else CALLS, []
    for tenants in TENANTS[:5] if quick else TENANTS:
        rows.append(figures(tenants, calls))
        print(f"{tenants:>7,} tenants  {rows[-1]['cpu_us']:.2f} µs", flush=True)
    runs = [memory_of_runs(number) for number in (RUNS[:1] if quick else RUNS)]
    for row in runs:
        print(
            f"{row['runs']:>9,.0f} idle runs  {row['bytes']:,.0f} bytes each, {row['cpu_us']:.2f} µs a call among them"
        )
    return {"embedded": rows, "runs": runs}


def _redis(*, quick: bool) -> dict[str, Any]:
    calls, rows = CALLS // 100 if quick else CALLS // 10, []
    for tenants in TENANTS[:3] if quick else TENANTS:
        rows.append(replicated.figures(tenants, calls))
        row = rows[-1]
        print(
            f"{tenants:>7,} tenants on Redis  {row['cpu_us']:.1f} µs, Redis itself {row['redis_us']:.0f} µs", flush=True
        )
    runs = replicated.memory_of_runs(1_000 if quick else 50_000)
    print(f"{runs['runs']:>9,.0f} idle runs in Redis  {runs['bytes']:,.0f} bytes each")
    return {"redis": rows, "redis_runs": [runs]}


def _starts(sizes: Sequence[int]) -> dict[str, Any]:
    rows = []
    for row in starts.figures(sizes):
        rows.append(row)
        print(
            f"{row['records']:>10,} records: a start waits {row['wall_ms']:.0f} ms, "
            f"{row['late_wall_ms']:.0f} ms with a snapshot {starts.SNAPSHOT_EVERY:,} records old",
            flush=True,
        )
    return {"starts": rows}


if __name__ == "__main__":
    sys.exit(main())
