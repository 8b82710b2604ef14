"""Print CPU µs of hold + settle + apply together (4 scopes, 6 caps), by how many tenants take turns.

Not a test: what it prints depends on the machine. `python tests/limits/measure_ledger.py`
"""

import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import SettleEntry
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.standing import Charge

CALLS = 60_000
LIMITS = RunLimits(nano_usd=10**14, tokens=10**12)


def measure(tenants: int) -> float:
    """Return µs a call, the best of three rounds."""
    ledger = EmbeddedLedger(SystemClock())
    paths = []
    for number in range(tenants):
        ledger.set_caps(f"tenant:{number}", [Cap("nano_usd", 10**15, "month")])
        ledger.set_caps(f"key:{number}", [Cap("nano_usd", 10**15)])
        ledger.open_run(f"p{number}", LIMITS, 2**61)
        ledger.open_run(f"c{number}", LIMITS, 2**61, f"p{number}")
        paths.append((*ledger.scopes_of(f"c{number}"), f"key:{number}", f"tenant:{number}"))
    charge = Charge(900, 90, 9)
    best = float("inf")
    for _ in range(3):
        orders = [Order(f"h{n}", paths[n % tenants], 1_000, 100, 10, 2**61) for n in range(CALLS)]
        start = time.process_time()
        for order in orders:
            ledger.hold(order)
            entry = ledger.settle(order.id, charge)
            assert isinstance(entry, SettleEntry)
            ledger.apply(entry)
        best = min(best, time.process_time() - start)
    return best / CALLS * 1e6


for count in (1, 10, 1_000, 20_000, 100_000):
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    sys.stdout.write(f"{count:>7} tenants {measure(count):6.2f} µs a call (before: {memory} MB)\n")
