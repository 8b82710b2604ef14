"""What the disk itself takes to make a write durable: the floor of every durable gateway's latency."""

import os
import tempfile
import time

WRITES = 300
PAGE = bytes(4096)


def sync_ms(writes: int = WRITES) -> dict[str, str]:
    """Append pages to a file where the gateways' folders are made, each synced; return p50 and p99 for the report."""
    taken = []
    with tempfile.TemporaryFile(prefix="tollhouse-bench-") as file:
        for _ in range(writes):
            began = time.perf_counter_ns()
            os.write(file.fileno(), PAGE)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter_ns() - began) / 1e6)
    taken.sort()
    return {"fsync of a page": f"p50 {taken[writes // 2]:.2f} ms, p99 {taken[writes * 99 // 100]:.2f} ms"}
