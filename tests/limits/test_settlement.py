import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.pricelist import PriceOverride
from limits.prices import Usage
from limits.settlement import Ending, Reserved, difference, settle

PRICE = PriceOverride("0.001", "0.002").price("m")
HELD = Reserved(PRICE.bound(100, 100), 100, 100)


def test_a_report_within_the_hold_is_the_bill() -> None:
    charge = settle(HELD, PRICE, "complete", report=Usage(90, 10), counted=Usage(95, 11), bound_id="t")
    assert (charge.nano, charge.input_tokens, charge.output_tokens, charge.mark) == (110, 90, 10, "billed")


def test_a_report_counts_however_the_attempt_ended() -> None:
    assert settle(HELD, PRICE, "left", report=Usage(90, 10), counted=None, bound_id="t").mark == "billed"


def test_up_to_a_tenth_above_the_hold_is_charged_as_an_overrun() -> None:
    charge = settle(HELD, PRICE, "complete", report=Usage(110, 110), counted=None, bound_id="t")
    assert (charge.nano, charge.input_tokens, charge.output_tokens, charge.mark) == (330, 110, 110, "overrun")


def test_more_is_implausible_charges_the_hold_and_suspends_the_bound() -> None:
    charge = settle(HELD, PRICE, "complete", report=Usage(111, 0), counted=None, bound_id="t")
    assert (charge.nano, charge.input_tokens, charge.output_tokens) == (300, 100, 100)
    assert (charge.mark, charge.suspends, charge.reported_nano) == ("implausible", "t", 111)


def test_without_a_report_our_own_count_is_charged_and_marked() -> None:
    charge = settle(HELD, PRICE, "complete", report=None, counted=Usage(80, 200), bound_id="t")
    assert (charge.nano, charge.input_tokens, charge.output_tokens, charge.mark) == (300, 80, 100, "counted")


def test_what_was_never_billed_is_released() -> None:
    charge = settle(HELD, PRICE, "unbilled", report=None, counted=Usage(80, 0), bound_id="t")
    assert (charge.nano, charge.mark) == (0, "released")


@pytest.mark.parametrize("ending", ["left", "lost"])
def test_what_nobody_can_know_is_charged_in_full(ending: Ending) -> None:
    charge = settle(HELD, PRICE, ending, report=None, counted=Usage(80, 1), bound_id="t")
    assert (charge.nano, charge.input_tokens, charge.output_tokens, charge.mark) == (300, 100, 100, "uncertain")


def test_a_profile_may_charge_a_leaver_what_was_counted() -> None:
    charge = settle(HELD, PRICE, "left", report=None, counted=Usage(80, 1), bound_id="t", charge_counted_when_left=True)
    assert (charge.nano, charge.mark) == (82, "counted")


def test_without_even_a_count_a_complete_reply_is_uncertain() -> None:
    assert settle(HELD, PRICE, "complete", report=None, counted=None, bound_id="t").mark == "uncertain"


@given(
    st.none() | st.builds(Usage, st.integers(0, 300), st.integers(0, 300)),
    st.none() | st.builds(Usage, st.integers(0, 300), st.integers(0, 300)),
    st.sampled_from(["complete", "left", "lost", "unbilled"]),
    st.booleans(),
)
def test_books_lie_between_bill_and_hold_unless_the_mark_says_otherwise(
    report: Usage | None, counted: Usage | None, ending: Ending, cancel: bool
) -> None:
    charge = settle(HELD, PRICE, ending, report=report, counted=counted, bound_id="t", charge_counted_when_left=cancel)
    if charge.mark != "overrun":
        assert charge.nano <= HELD.nano
    if charge.mark == "billed":
        assert report is not None
        assert charge.nano == PRICE.cost(report)


def test_the_difference_is_reported_minus_counted() -> None:
    assert difference(Usage(10, 5), Usage(12, 1)) == (-2, 4)
