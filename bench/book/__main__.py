"""What the book costs: CPU and bytes a record, and how searching, verifying and exporting grow with it.

python -m bench.book                        to a million records, about two minutes; keeps bench/results/book.*
python -m bench.book --records 10000000     to ten million: 8 GB of disk and about a quarter of an hour
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from audit.append import BookLimits
from audit.book import Book
from audit.note import Signer
from audit.reader import Reader
from audit.search import SearchIndex
from bench.overhead.machine import describe

from .drawing import drawn, table
from .records import QUESTIONS, pair

RESULTS = Path(__file__).parents[1] / "results"
SIGNER = Signer("bench/book", b"b" * 32)
MILESTONES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ONCE_AT = 1_000_000
AT_ONCE = 128
REPEATS = 3
"""Of what is measured in wall time the best of three counts: other work on the machine is not the book's."""
Row = dict[str, float]


async def fill(book: Book, start: int, end: int) -> None:
    """Append calls (an intent and an outcome each), as many at once as a busy gateway has."""
    for first in range(start // 2, end // 2, AT_ONCE):
        calls = range(first, min(first + AT_ONCE, end // 2))
        for which in (0, 1):
            await asyncio.gather(*(book.append(pair(each)[which], tenant=f"tenant{each % 50}") for each in calls))


def size_of(folder: Path) -> int:
    """Bytes of the book's files."""
    return sum(path.stat().st_size for path in folder.glob("book.sqlite*"))


def grown(folder: Path, start: int, end: int) -> Row:
    """Grow the book and say what it cost."""
    path = folder / "book.sqlite"
    with Book.open(path, signer=SIGNER, limits=BookLimits(checkpoint_every_s=10)) as book:
        cpu, wall = time.process_time(), time.perf_counter()
        asyncio.run(fill(book, start, end))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    made = time.process_time()
    for each in range(start // 2, min(end // 2, start // 2 + 5_000)):
        pair(each)
        pair(each)
    making = (time.process_time() - made) / (2 * min(end // 2 - start // 2, 5_000))
    row = {
        "records": end,
        "cpu_us": (cpu / (end - start) - making) * 1e6,
        "wall_us": wall / (end - start) * 1e6,
        "bytes": size_of(folder) / end,
    }
    opened = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        with Book.open(path, signer=SIGNER):
            opened.append(time.perf_counter() - began)
    return {**row, "open_ms": min(opened) * 1e3}


def searched(folder: Path) -> Row:
    """Catch the index up and ask; the slowest question counts."""
    with Reader.open(folder / "book.sqlite") as reader, SearchIndex(folder / "search.sqlite") as index:
        cpu = time.process_time()
        caught = index.catch_up(reader)
        row = {"index_us": (time.process_time() - cpu) / max(1, caught) * 1e6}
        slowest = 0.0
        for question in QUESTIONS:
            times = []
            for _ in range(REPEATS):
                began = time.perf_counter()
                list(index.find(reader, limit=100, **question))
                times.append(time.perf_counter() - began)
            slowest = max(slowest, min(times))
        size = sum(path.stat().st_size for path in folder.glob("search.sqlite*"))
        return {**row, "search_ms": slowest * 1e3, "index_bytes": size / reader.size}


def told(what: str, folder: Path) -> Row:
    """Verify or export the whole book in a process of its own; say what that took."""
    key = folder / "signing.key.pub"
    key.write_text(SIGNER.verifier.vkey() + "\n")
    command = [sys.executable, "-m", "bench.book.export", what, str(folder / "book.sqlite"), str(key)]
    said: Row = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return said


def verified(folder: Path, size: int) -> Row:
    """Verify the whole book."""
    said = told("verify", folder)
    return {"verify_us": said["cpu_s"] / size * 1e6, "verify_s": said["wall_s"], "verify_mb": said["rss_mb"]}


def taken_out(folder: Path, size: int) -> Row:
    """Export the whole book in each form."""
    row: Row = {}
    for form in ("jsonl", "csv", "bundle"):
        said = told(form, folder)
        row |= {f"{form}_us": said["cpu_s"] / size * 1e6, f"{form}_mb": said["rss_mb"]}
    return row


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="bench.book", description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where the book is made; default: a temporary one")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="book-", dir=options.folder))
    machine = describe(f"python -m bench.book --records {options.records}") | {"nice": str(os.nice(0))}
    rows: list[Row] = []
    once: Row = {}
    try:
        start = 0
        for end in [each for each in MILESTONES if each <= options.records]:
            rows.append({**grown(folder, start, end), **searched(folder), **verified(folder, end)})
            start = end
            if end == ONCE_AT:
                once = taken_out(folder, end)
            print(json.dumps(rows[-1]), flush=True)
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / "book.md").write_text(table(rows, once, machine))
            (RESULTS / "book.svg").write_text(drawn(rows))
            (RESULTS / "book.json").write_text(
                json.dumps({"machine": machine, "rows": rows, "once": once}, indent=1) + "\n"
            )
    finally:
        shutil.rmtree(folder)
    print(table(rows, once, machine))
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
