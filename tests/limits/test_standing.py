import pytest

from limits.accounts import Cap
from limits.entries import SettleEntry
from limits.ledger import EmbeddedLedger, Order
from limits.refusals import Held
from limits.standing import Charge
from tests.limits.ledgers import TENANT, cap_of, clock, held, ledger, order, settle

__all__ = ["clock", "ledger"]


def test_a_next_attempt_takes_its_predecessor_s_place_and_never_waits_for_itself(ledger: EmbeddedLedger) -> None:
    first = held(ledger.hold(order("a", 90)))
    settlement = settle(ledger, "a", Charge(20))
    assert isinstance(ledger.hold(order("b", 80)), Held)
    second = held(ledger.hold(order("b", 80), settlement))
    assert second.replaces == first.id
    assert cap_of(ledger, TENANT) == (0, 100)
    ledger.apply(settlement)
    assert cap_of(ledger, TENANT) == (20, 80)


def test_a_dropped_next_attempt_lets_its_predecessor_stand_in_full_again(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 90))
    settlement = settle(ledger, "a", Charge(20))
    ledger.hold(order("b", 10), settlement)
    assert cap_of(ledger, TENANT) == (0, 90)
    ledger.drop("b")
    assert cap_of(ledger, TENANT) == (0, 90)
    again = ledger.hold(order("c", 81), settlement)
    assert isinstance(again, Held)
    assert cap_of(ledger, TENANT) == (0, 90)
    held(ledger.hold(order("c", 80), settlement))


def test_only_an_open_predecessor_with_that_settlement_is_replaced_and_only_once(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 10))
    settlement = settle(ledger, "a", Charge(1))
    ledger.hold(order("b", 10), settlement)
    for wrong in (settlement, SettleEntry("nobody")):
        with pytest.raises(ValueError, match="not open with this settlement"):
            ledger.hold(order("c", 10), wrong)


def test_a_mistaken_order_leaves_the_predecessor_as_it_stood(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 10))
    ledger.hold(order("taken", 10))
    settlement = settle(ledger, "a", Charge(1))
    with pytest.raises(ValueError, match="open already"):
        ledger.hold(order("taken", 10), settlement)
    assert cap_of(ledger, TENANT) == (0, 20)


def test_a_scope_that_the_next_attempt_leaves_keeps_its_hold_until_the_charge_is_durable(
    ledger: EmbeddedLedger,
) -> None:
    ledger.set_caps("key:k", [Cap("nano_usd", 100)])
    ledger.hold(order("a", 50))
    settlement = settle(ledger, "a", Charge(20))
    held(ledger.hold(Order("b", (TENANT,), 60, 0, 0, 2**60), settlement))
    assert cap_of(ledger, "key:k") == (0, 50)
    assert cap_of(ledger, TENANT) == (0, 80)
    ledger.apply(settlement)
    assert cap_of(ledger, "key:k") == (20, 0)
