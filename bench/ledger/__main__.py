"""What the ledger costs: CPU of a hold with its settlement over tenants, and memory of idle runs.

python -m bench.ledger            about a minute; keeps bench/results/ledger.*
python -m bench.ledger --quick    a tenth of the calls, to 10,000 tenants; keeps nothing
"""

import argparse
import json
import sys
from pathlib import Path

from bench.overhead.machine import describe

from .drawing import drawn, table
from .embedded import figures, memory_of_runs

RESULTS = Path(__file__).parents[1] / "results"
TENANTS = (1, 10, 100, 1_000, 10_000, 100_000)
RUNS = (10_000, 100_000, 1_000_000)
CALLS = 60_000


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few calls, kept nowhere")
    quick = parser.parse_args().quick
    calls = CALLS // 10 if quick else CALLS
    rows = []
    for tenants in TENANTS[:5] if quick else TENANTS:
        rows.append(figures(tenants, calls))
        print(f"{tenants:>7,} tenants  {rows[-1]['cpu_us']:.2f} µs", flush=True)
    runs = [memory_of_runs(number) for number in (RUNS[:1] if quick else RUNS)]
    for row in runs:
        print(
            f"{row['runs']:>9,.0f} idle runs  {row['bytes']:,.0f} bytes each, {row['cpu_us']:.2f} µs a call among them"
        )
    if not quick:
        kept = {"machine": describe("python -m bench.ledger"), "embedded": rows, "runs": runs}
        (RESULTS / "ledger.json").write_text(json.dumps(kept, indent=1) + "\n")
        (RESULTS / "ledger.md").write_text(table(kept))
        (RESULTS / "ledger.svg").write_text(drawn(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
