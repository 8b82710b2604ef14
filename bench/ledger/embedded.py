"""The embedded ledger under load: a hold over four scopes and six caps, its settlement, and that taking effect."""

import gc
import resource
import subprocess
import sys
import time
from pathlib import Path

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import SettleEntry
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.standing import Charge

Row = dict[str, float]
LIMITS = RunLimits(nano_usd=10**14, tokens=10**12)
FAR_US = 2**61
ROUNDS = 3
"""The best of so many rounds counts: other work on the machine is not the ledger's."""


def ledger_of(tenants: int) -> tuple[EmbeddedLedger, list[tuple[str, ...]]]:
    """Return a ledger with so many tenants, each with a key, a run and its child, and the scopes of a call of each."""
    ledger = EmbeddedLedger(SystemClock())
    paths = []
    for number in range(tenants):
        ledger.set_caps(f"tenant:{number}", [Cap("nano_usd", 10**15, "month")])
        ledger.set_caps(f"key:{number}", [Cap("nano_usd", 10**15)])
        ledger.open_run(f"p{number}", LIMITS, FAR_US)
        ledger.open_run(f"c{number}", LIMITS, FAR_US, f"p{number}")
        paths.append((*ledger.scopes_of(f"c{number}"), f"key:{number}", f"tenant:{number}"))
    return ledger, paths


def cost(ledger: EmbeddedLedger, paths: list[tuple[str, ...]], calls: int) -> float:
    """Return CPU µs of one call's hold, settlement and apply, the tenants taking turns."""
    charge, best = Charge(900, 90, 9), float("inf")
    for _ in range(ROUNDS):
        orders = [Order(f"h{n}", paths[n % len(paths)], 1_000, 100, 10, FAR_US) for n in range(calls)]
        start = time.process_time()
        for order in orders:
            ledger.hold(order)
            entry = ledger.settle(order.id, charge)
            assert isinstance(entry, SettleEntry)
            ledger.apply(entry)
        best = min(best, time.process_time() - start)
    return best / calls * 1e6


def figures(tenants: int, calls: int) -> Row:
    """Return what a call costs among so many tenants."""
    ledger, paths = ledger_of(tenants)
    return {"tenants": tenants, "cpu_us": cost(ledger, paths, calls)}


def memory_of_runs(number: int) -> Row:
    """Return what an idle run takes, and what a call costs beside them; in a process of its own."""
    code = f"from bench.ledger.embedded import idle; idle({number})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    bytes_, cpu_us = done.stdout.split()
    return {"runs": number, "bytes": float(bytes_), "cpu_us": float(cpu_us)}


def idle(number: int) -> None:
    """Open so many runs, and print bytes a run and µs a call."""
    ledger, paths = ledger_of(1)
    gc.collect()
    before = resident()
    for run in range(number):
        ledger.open_run(f"{run:026d}", LIMITS, FAR_US)
    bytes_ = (resident() - before) / number
    sys.stdout.write(f"{bytes_} {cost(ledger, paths, 20_000)}\n")


def resident() -> int:
    """Return the bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
