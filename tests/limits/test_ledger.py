import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CapsEntry, SettleEntry
from limits.ledger import Crossing, EmbeddedLedger, Order
from limits.refusals import Ended, Exceeded, Held
from limits.standing import Charge
from tests.limits.ledgers import DAY_S, TENANT, cap_of, charge, clock, held, ledger, order, settle

__all__ = ["clock", "ledger"]


def test_a_balance_rises_with_the_hold_and_falls_only_when_the_settlement_is_applied(ledger: EmbeddedLedger) -> None:
    held(ledger.hold(order("a", 80)))
    entry = settle(ledger, "a", Charge(30))
    assert cap_of(ledger, TENANT) == (0, 80)
    assert isinstance(ledger.hold(order("b", 50)), Held)
    ledger.apply(entry)
    ledger.apply(entry)
    assert cap_of(ledger, TENANT) == (30, 0)
    assert isinstance(ledger.hold(order("b", 71)), Exceeded)
    held(ledger.hold(order("b", 70)))


def test_a_refusal_takes_nothing_in_any_scope(ledger: EmbeddedLedger) -> None:
    ledger.set_caps("key:k", [Cap("tokens", 10)])
    answer = ledger.hold(order("a", 101, 1, 1))
    assert isinstance(answer, Exceeded)
    assert (answer.param, answer.limit, answer.wanted) == ("tenant.nano_usd", 100, 101)
    assert cap_of(ledger, "key:k") == (0, 0)


def test_a_hold_s_id_is_used_once_at_a_time(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 1))
    with pytest.raises(ValueError, match="open already"):
        ledger.hold(order("a", 1))
    assert cap_of(ledger, TENANT) == (0, 1)


def test_an_overrun_is_charged_even_past_the_cap_and_stands_until_then(ledger: EmbeddedLedger) -> None:
    ledger.hold(order("a", 95))
    entry = settle(ledger, "a", Charge(104, mark="overrun"))
    assert cap_of(ledger, TENANT) == (0, 104)
    ledger.apply(entry)
    assert cap_of(ledger, TENANT) == (104, 0)
    assert ledger.affordable((TENANT,)).nano == 0
    assert ledger.marks.sums == {"overrun": (1, 104)}


def test_a_hold_can_be_bounded_by_a_cap_a_call(ledger: EmbeddedLedger) -> None:
    caps = (Cap("nano_usd", 10, "call"), Cap("tokens", 5, "call", hard=False))
    answer = ledger.hold(order("a", 11, caps=caps))
    assert isinstance(answer, Exceeded)
    assert (answer.param, str(answer)[:5]) == ("call.nano_usd", "call:")
    held(ledger.hold(order("a", 10, 50, caps=caps)))


def test_an_account_s_cap_a_call_bounds_every_hold_and_what_is_affordable(ledger: EmbeddedLedger) -> None:
    ledger.set_caps("key:k", [Cap("nano_usd", 10, "call"), Cap("tokens", 9, "call", hard=False)])
    assert ledger.affordable(("key:k", TENANT, "key:unknown")).nano == 10
    assert ledger.affordable(("key:k",)).tokens > 9
    assert isinstance(ledger.hold(order("a", 11)), Exceeded)
    copy = EmbeddedLedger(ManualClock())
    copy.load(ledger.snapshot())
    assert isinstance(copy.hold(order("a", 11)), Exceeded)
    held(ledger.hold(order("a", 10, 50)))
    held(ledger.hold(order("b", 10)))


def test_affordable_counts_settled_but_not_held(ledger: EmbeddedLedger) -> None:
    charge(ledger, "a", 30)
    ledger.hold(order("b", 60))
    left = ledger.affordable(("key:k", TENANT))
    assert left.nano == 70
    assert left.tokens == left.input_tokens == left.output_tokens == 2**62


def test_concurrency_is_held_back_and_never_exceeded(ledger: EmbeddedLedger) -> None:
    ledger.set_caps("key:k", [Cap("concurrency", 1)])
    ledger.hold(order("a", 1))
    answer = ledger.hold(order("b", 1))
    assert isinstance(answer, Held)
    assert answer.param == "key.concurrency"
    assert "1 held" in str(answer)
    ledger.drop("a")
    held(ledger.hold(order("b", 1)))


def test_a_window_begins_anew_and_a_late_settlement_lands_in_the_old_one(
    ledger: EmbeddedLedger, clock: ManualClock
) -> None:
    ledger.set_caps(TENANT, [Cap("nano_usd", 100, "day"), Cap("nano_usd", 1_000)])
    ledger.hold(order("a", 100))
    clock.turn(DAY_S)
    assert ledger.affordable((TENANT,)).nano == 100
    held(ledger.hold(order("b", 100)))
    ledger.apply(settle(ledger, "a", Charge(90)))
    assert cap_of(ledger, TENANT, 0) == (0, 100)
    assert cap_of(ledger, TENANT, 1) == (90, 100)


def test_a_cap_that_is_set_later_counts_what_was_spent_and_held_before(
    ledger: EmbeddedLedger, clock: ManualClock
) -> None:
    ledger.set_caps(TENANT, [])
    charge(ledger, "a", 40)
    clock.turn(DAY_S)
    charge(ledger, "b", 20)
    clock.turn(120)
    ledger.hold(Order("elsewhere", ("key:k",), 7, 0, 0, 2**60))
    ledger.hold(order("old", 3))
    clock.turn(60)
    ledger.hold(order("c", 7))
    ledger.settle("c", Charge(9, mark="overrun"))
    caps = [Cap("nano_usd", 500, window) for window in ("day", "minute", "month", "total")]
    entry = ledger.set_caps(TENANT, caps)
    assert isinstance(entry, CapsEntry)
    assert [cap_of(ledger, TENANT, n) for n in range(4)] == [(20, 12), (0, 9), (60, 12), (60, 12)]
    assert ledger.set_caps(TENANT, list(reversed(caps))) is None
    ledger.drop("c")
    assert cap_of(ledger, TENANT, 0) == (20, 3)


def test_a_raised_cap_lets_more_in_at_once_and_keeps_what_was_used(ledger: EmbeddedLedger) -> None:
    charge(ledger, "a", 100)
    assert isinstance(ledger.hold(order("b", 1)), Exceeded)
    ledger.set_caps(TENANT, [Cap("nano_usd", 101)])
    held(ledger.hold(order("b", 1)))


def test_caps_that_contradict_each_other_or_have_no_place_are_refused(ledger: EmbeddedLedger) -> None:
    with pytest.raises(ValueError, match="two caps"):
        ledger.set_caps(TENANT, [Cap("tokens", 1), Cap("tokens", 2)])
    with pytest.raises(ValueError, match="no such run"):
        ledger.set_caps("run:x", [Cap("tokens", 1)])
    for _ in range(2):
        with pytest.raises(ValueError, match="time zone"):
            ledger.set_caps(TENANT, [Cap("tokens", 1)], "Middle/Earth")


def test_windows_follow_the_tenant_s_time_zone(clock: ManualClock) -> None:
    ledger = EmbeddedLedger(clock)
    ledger.set_caps(TENANT, [Cap("nano_usd", 10, "day")], "Asia/Tokyo")
    ledger.hold(order("a", 10))
    clock.turn(14 * 3_600)
    assert isinstance(ledger.hold(order("b", 10)), Held)
    clock.turn(3_600)
    held(ledger.hold(order("b", 10)))


def test_a_soft_cap_lets_pass_and_tells_once(ledger: EmbeddedLedger) -> None:
    soft = Cap("nano_usd", 50, hard=False)
    ledger.set_caps(TENANT, [soft])
    for name in "abc":
        charge(ledger, name, 30)
    assert ledger.drain_crossings() == [Crossing(TENANT, soft, 60)]
    assert ledger.drain_crossings() == []
    ledger.hold(order("d", 1))
    ledger.set_caps(TENANT, [Cap("nano_usd", 91, "week", hard=False)])
    entry = settle(ledger, "d", Charge(1))
    ledger.set_caps(TENANT, [])
    ledger.apply(entry)
    assert [crossing.scope for crossing in ledger.drain_crossings()] == [""]


def test_a_killed_tenant_takes_nothing_until_revived(ledger: EmbeddedLedger) -> None:
    charge(ledger, "a", 1)
    ledger.kill(TENANT)
    assert ledger.hold(order("b", 1)) == Ended(TENANT, "killed")
    balances = ledger.balances(TENANT)
    assert balances is not None
    assert balances.state == "killed"
    ledger.kill(TENANT, on=False)
    held(ledger.hold(order("b", 1)))


def test_what_is_unknown_or_resolved_is_harmless(ledger: EmbeddedLedger) -> None:
    ledger.drop("nobody")
    assert ledger.settle("nobody", Charge(1)) is None
    ledger.apply(SettleEntry("nobody", 5))
    assert ledger.balances("tenant:nobody") is None
    charge(ledger, "a", 1)
    assert ledger.settle("a", Charge(1)) is None


def test_a_clock_that_is_stepped_back_changes_no_window(ledger: EmbeddedLedger, clock: ManualClock) -> None:
    ledger.set_caps(TENANT, [Cap("nano_usd", 10, "minute")])
    ledger.hold(order("a", 10))
    clock.set_utc_us(clock.utc_us() - 120_000_000)
    assert isinstance(ledger.hold(order("b", 10)), Held)


def test_thousands_of_routes_through_one_tenant_all_see_its_changes(ledger: EmbeddedLedger) -> None:
    ledger.set_caps(TENANT, [Cap("nano_usd", 2_000)])
    orders = [Order(f"h{n}", (f"key:{n}", TENANT), 1, 0, 0, 2**60) for n in range(1_500)]
    for one in orders:
        held(ledger.hold(one))
    ledger.set_caps(TENANT, [Cap("nano_usd", 1_500)])
    for one in orders:
        assert isinstance(ledger.hold(Order(f"{one.id}b", one.scopes, 1, 0, 0, 2**60)), Held)
        ledger.drop(one.id)
        held(ledger.hold(one))
    assert cap_of(ledger, TENANT) == (0, 1_500)


def test_a_hold_in_no_scope_is_bounded_by_its_own_caps_only(ledger: EmbeddedLedger) -> None:
    assert isinstance(ledger.hold(Order("a", (), 11, 0, 0, 2**60, (Cap("nano_usd", 10, "call"),))), Exceeded)
    held(ledger.hold(Order("a", (), 10, 0, 0, 2**60, (Cap("nano_usd", 10, "call"),))))


def test_a_refund_of_yesterday_s_charge_does_not_touch_today_s_window(
    ledger: EmbeddedLedger, clock: ManualClock
) -> None:
    ledger.set_caps(TENANT, [Cap("nano_usd", 100, "day"), Cap("nano_usd", 500)])
    charge(ledger, "a", 80, "uncertain")
    clock.turn(DAY_S)
    charge(ledger, "b", 90)
    refund = ledger.marks.refund("a")
    assert refund is not None
    ledger.apply(refund)
    assert cap_of(ledger, TENANT, 0) == (90, 0)
    assert cap_of(ledger, TENANT, 1) == (90, 0)
