"""One export in a process of its own, so that its memory is its own: prints CPU seconds and peak megabytes."""

import json
import resource
import sys
import time
from pathlib import Path

from audit.bundle import write_bundle
from audit.export import Selection, export_csv, export_jsonl
from audit.reader import Reader

FORMS = {"jsonl": export_jsonl, "csv": export_csv, "bundle": write_bundle}

with Reader.open(Path(sys.argv[2])) as reader, Path("/dev/null").open("wb") as out:
    began = time.process_time()
    FORMS[sys.argv[1]](reader, out, Selection())
    cpu_s = time.process_time() - began
print(json.dumps({"cpu_s": cpu_s, "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
