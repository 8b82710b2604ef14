import json

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.standing import Charge


def test_a_ledger_survives_its_snapshot_as_json_with_open_holds_runs_and_marks() -> None:
    clock = ManualClock()
    ledger = EmbeddedLedger(clock)
    ledger.set_caps("tenant:t", [Cap("nano_usd", 100, "day"), Cap("concurrency", 5)])
    ledger.open_run("r", RunLimits(tokens=50, steps=4), clock.utc_us() + 10**12)
    ledger.open_run("s", RunLimits(), clock.utc_us() + 10**12, parent="r")
    ledger.count("s", "steps")
    scopes = ("run:s", "run:r", "tenant:t")
    ledger.hold(Order("a", scopes, 30, 5, 5, 2**60))
    ledger.hold(Order("b", scopes, 20, 2, 3, 2**60))
    entry = ledger.settle("a", Charge(25, 5, 4, "uncertain"))
    assert entry is not None
    ledger.apply(entry)

    again = EmbeddedLedger(clock)
    again.load(json.loads(json.dumps(ledger.snapshot())))

    for scope in scopes:
        assert again.balances(scope) == ledger.balances(scope)
    assert again.marks.listed.keys() == {"a"}
    late = again.settle("b", Charge(1, 1, 1))
    assert late is not None
    again.apply(late)
    balances = again.balances("tenant:t")
    assert balances is not None
    assert balances.nano == 26
