"""One export, or verifying the whole, in a process of its own, so that its memory is its own.

Prints CPU and wall seconds and peak megabytes.
"""

import json
import resource
import sys
import time
from pathlib import Path

from audit.bundle import write_bundle
from audit.export import Selection, export_csv, export_jsonl
from audit.keys import load_verifier
from audit.reader import Reader
from audit.verify import verify_book

FORMS = {"jsonl": export_jsonl, "csv": export_csv, "bundle": write_bundle}

what, path = sys.argv[1], Path(sys.argv[2])
cpu, wall = time.process_time(), time.perf_counter()
if what == "verify":
    if not verify_book(path, [load_verifier(Path(sys.argv[3]))]).ok:
        sys.exit("the book does not verify")
else:
    with Reader.open(path) as reader, Path("/dev/null").open("wb") as out:
        FORMS[what](reader, out, Selection())
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"cpu_s": cpu, "wall_s": wall, "rss_mb": peak}))
