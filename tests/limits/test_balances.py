from limits.accounts import Cap
from limits.clock import ManualClock
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.standing import Charge

TENANT = "tenant:t"


def ledger_with(clock: ManualClock, *caps: Cap) -> EmbeddedLedger:
    ledger = EmbeddedLedger(clock)
    ledger.set_caps(TENANT, caps)
    return ledger


def test_what_is_settled_and_what_is_only_held_are_told_apart() -> None:
    ledger = ledger_with(ManualClock(), Cap("nano_usd", 100, "day"), Cap("tokens", 50, hard=False))
    ledger.hold(Order("a", (TENANT,), 10, 3, 4, 2**60))
    ledger.hold(Order("b", (TENANT,), 20, 5, 6, 2**60))
    entry = ledger.settle("a", Charge(7, 3, 2))
    assert entry is not None
    ledger.apply(entry)
    balances = ledger.balances(TENANT)
    assert balances is not None
    assert (balances.nano, balances.input_tokens, balances.output_tokens, balances.calls) == (7, 3, 2, 1)
    shown = {(cap.dimension, cap.window): (cap.hard, cap.limit, cap.settled, cap.held) for cap in balances.caps}
    assert shown == {("nano_usd", "day"): (True, 100, 7, 20), ("tokens", "total"): (False, 50, 5, 11)}


def test_a_run_shows_its_counters_and_why_it_takes_nothing_more() -> None:
    clock = ManualClock()
    ledger = EmbeddedLedger(clock)
    ledger.open_run("r", RunLimits(steps=3, seconds=60), clock.utc_us() + 10**9)
    ledger.count("r", "steps")
    balances = ledger.balances("run:r")
    assert balances is not None
    assert balances.state == "open"
    assert balances.counts["steps"] == 1
    clock.turn(61)
    late = ledger.balances("run:r")
    assert late is not None
    assert late.state == "seconds"
    ledger.end_run("r")
    ended = ledger.balances("run:r")
    assert ended is not None
    assert ended.state == "ended"


def test_a_killed_tenant_says_so() -> None:
    ledger = ledger_with(ManualClock())
    ledger.kill(TENANT)
    balances = ledger.balances(TENANT)
    assert balances is not None
    assert balances.state == "killed"
