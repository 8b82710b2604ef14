"""How long a start waits for its ledger: from the last snapshot, from one that is as old as one may be, and without.

A book of so many records is grown, of calls of 50 tenants; the snapshot is what the gateway's own process makes. Each
start is a process of its own, and the best of three counts.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from audit.append import BookLimits
from audit.book import Book
from audit.note import Signer
from audit.reader import Reader
from bench.book.records import pair
from gateway.snapshot import SNAPSHOT_NAME, restored
from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CapsEntry, HoldEntry, SettleEntry, to_dict
from limits.seam import LocalLedger

Row = dict[str, float]
SIGNER = Signer("bench/ledger", b"b" * 32)
SECRET = b"s" * 32
RECORDS = (100_000, 1_000_000, 10_000_000)
WHOLE_MAX = 1_000_000
SNAPSHOT_EVERY = 50_000
"""Records between two of `gateway.snapshots`: so old a snapshot may be after a crash."""
TENANTS, AT_ONCE, ROUNDS = 50, 256, 3
FAR_US = 2**61


async def _grow(book: Book, first: int, last: int) -> None:
    """Append calls (an intent and an outcome each), as many at once as a busy gateway has."""
    now_us = SystemClock().utc_us()
    for start in range(first // 2, last // 2, AT_ONCE):
        calls = range(start, min(start + AT_ONCE, last // 2))
        for settles in (False, True):
            records: list[tuple[str, dict[str, Any]]] = []
            for call in calls:
                tenant = f"t{call % TENANTS}"
                scopes = (f"key:{tenant}", f"tenant:{tenant}")
                hold = HoldEntry(f"h{call:x}", scopes, 1_000, 100, 10, now_us, FAR_US)
                entry = SettleEntry(hold.id, 900, 90, 9) if settles else hold
                records.append((tenant, {**pair(call)[settles], "ledger": [to_dict(entry)]}))
            await asyncio.gather(*(book.append(record, tenant=tenant) for tenant, record in records))


def grown(path: Path, first: int, last: int) -> None:
    """Grow the book from so many records to so many."""
    with Book.open(path, signer=SIGNER, limits=BookLimits(checkpoint_every_s=10)) as book:
        if not first:
            caps = (str(Cap("nano_usd", 10**15, "month")), str(Cap("tokens", 10**15, "day")))
            for tenant in range(TENANTS):
                for scope in (f"tenant:t{tenant}", f"key:t{tenant}"):
                    entry = CapsEntry(scope, caps, SystemClock().utc_us(), "UTC")
                    book.append_now({"kind": "admin", "ledger": [to_dict(entry)]}, tenant=None)
        asyncio.run(_grow(book, first, last))


def taken(path: Path) -> None:
    """Take the ledger down, as the gateway does it beside itself."""
    subprocess.run([sys.executable, "-m", "gateway.snapshot", str(path)], input=SECRET, check=True, capture_output=True)


def start(path: str) -> None:
    """Restore the ledger and print seconds of CPU and of the clock, and how many records the snapshot spared it."""
    cpu, wall = time.process_time(), time.perf_counter()
    with Reader.open(Path(path)) as reader:
        _, spared = restored(lambda: LocalLedger(SystemClock()), Path(path).with_name(SNAPSHOT_NAME), SECRET, reader)
    print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, spared]))


def started(path: Path) -> tuple[float, float, int]:
    """Return milliseconds of CPU and of the clock of the best of some starts, and how many records were spared."""
    code = f"from bench.ledger.starts import start; start({str(path)!r})"
    tries = []
    for _ in range(ROUNDS):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        tries.append(json.loads(done.stdout))
    cpu, wall, spared = min(tries)
    return cpu * 1e3, wall * 1e3, int(spared)


def figures(sizes: Sequence[int] = RECORDS) -> Iterator[Row]:
    """Yield what a start costs at each size."""
    with tempfile.TemporaryDirectory(prefix="tollhouse-bench-") as folder:
        path, at = Path(folder) / "book.sqlite", 0
        for size in sizes:
            last = max(at, size - min(SNAPSHOT_EVERY, size // 2))
            grown(path, at, last)
            taken(path)
            grown(path, last, size)
            late_cpu, late, _ = started(path)
            taken(path)
            cpu, wall, spared = started(path)
            row = {"records": size, "cpu_ms": cpu, "wall_ms": wall, "late_cpu_ms": late_cpu, "late_wall_ms": late}
            if size <= WHOLE_MAX:
                path.with_name(SNAPSHOT_NAME).rename(path.with_name("aside"))
                row["whole_cpu_ms"], row["whole_wall_ms"], _ = started(path)
                path.with_name("aside").rename(path.with_name(SNAPSHOT_NAME))
            yield {**row, "spared": spared}
            at = size
