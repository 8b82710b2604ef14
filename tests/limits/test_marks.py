from limits.clock import ManualClock
from limits.entries import HoldEntry, RefundEntry
from limits.ledger import EmbeddedLedger, Order
from limits.standing import Charge
from tests.limits.ledgers import TENANT, cap_of, charge, clock, ledger, order, settle

__all__ = ["clock", "ledger"]


def test_an_expired_hold_is_charged_in_full_and_a_late_settlement_refunds(
    ledger: EmbeddedLedger, clock: ManualClock
) -> None:
    ledger.hold(Order("a", (TENANT,), 80, 5, 5, clock.utc_us() + 1_000_000))
    assert ledger.expire() == []
    clock.turn(1)
    (entry,) = ledger.expire()
    ledger.apply(entry)
    assert cap_of(ledger, TENANT) == (80, 0)
    refund = ledger.settle("a", Charge(30, 5, 1))
    assert isinstance(refund, RefundEntry)
    assert cap_of(ledger, TENANT) == (80, 0)
    ledger.apply(refund)
    ledger.apply(refund)
    assert cap_of(ledger, TENANT) == (30, 0)
    assert ledger.settle("a", Charge(0)) is None
    balances = ledger.balances(TENANT)
    assert balances is not None
    assert (balances.nano, balances.input_tokens, balances.output_tokens, balances.calls) == (30, 5, 1, 1)


def test_the_operator_confirms_or_refunds_each_marked_charge_once(ledger: EmbeddedLedger) -> None:
    for name in "ab":
        charge(ledger, name, 30, "uncertain")
    charge(ledger, "c", 5)
    refund, confirm = ledger.marks.refund("a"), ledger.marks.confirm("b")
    assert refund is not None
    assert confirm is not None
    for entry in (refund, confirm, refund, confirm):
        ledger.apply(entry)
    assert cap_of(ledger, TENANT) == (35, 0)
    assert ledger.marks.refund("a") is None
    assert ledger.marks.confirm("b") is None
    assert ledger.marks.refund("c") is None
    assert ledger.marks.sums["uncertain"] == (2, 60)


def test_an_implausible_report_suspends_its_bound_until_the_operator_decides(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 30))
    entry = settle(ledger, "a", Charge(30, mark="implausible", suspends="openai/o200k", reported_nano=90))
    assert ledger.marks.suspended == {"openai/o200k": "a"}
    ledger.apply(entry)
    again = EmbeddedLedger(ManualClock())
    again.replay([HoldEntry("a", (TENANT,), 30, 0, 0, 1, 2), entry])
    assert again.marks.suspended == ledger.marks.suspended
    confirm = ledger.marks.confirm("a")
    assert confirm is not None
    ledger.apply(confirm)
    assert ledger.marks.suspended == {}


def test_the_list_of_marked_charges_is_bounded(clock: ManualClock) -> None:
    ledger = EmbeddedLedger(clock, marked_max=2)
    for name in "abc":
        charge(ledger, name, 1, "counted")
    assert list(ledger.marks.listed) == ["b", "c"]
    assert ledger.marks.sums == {"counted": (3, 3)}


def test_as_many_decisions_are_remembered_as_charges_are_listed(clock: ManualClock) -> None:
    made = EmbeddedLedger(clock, marked_max=2)
    for name in "abc":
        charge(made, name, 1, "uncertain")
        confirm = made.marks.confirm(name)
        assert confirm is not None
        made.apply(confirm)
    assert made.marks.resolved == {"b": "confirmed", "c": "confirmed"}
