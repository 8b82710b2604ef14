"""Check digits against the examples of the standards, and against every wrong digit and swap that they must notice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.kinds.checksums import is_day, luhn, mod_11_10, mod_11_low, mod_97, verhoeff, weighted

DIGITS = st.text("0123456789", min_size=1, max_size=20)


def completed(digits: str, valid: object) -> str:
    """Return the digits with the one check digit that makes them valid; fail if there are none or several."""
    assert callable(valid)
    [found] = [digits + last for last in "0123456789" if valid(digits + last)]
    return found


@pytest.mark.parametrize(
    ("valid", "number"),
    [
        (luhn, "79927398713"),  # Luhn's algorithm, as textbooks show it
        (luhn, "4111111111111111"),
        (luhn, "18"),
        (verhoeff, "2363"),  # Verhoeff 1969: the check digit of 236 is 3
        (verhoeff, "123451"),
        (verhoeff, "1428570"),
        (mod_11_10, "07945"),  # ISO/IEC 7064: the check digit of 0794 is 5
        (mod_11_10, "33392005961"),
    ],
)
def test_a_known_number_holds_with_its_check_digit_and_with_no_other(valid: object, number: str) -> None:
    assert completed(number[:-1], valid) == number


@pytest.mark.parametrize("valid", [luhn, verhoeff, mod_11_10])
@given(digits=DIGITS, place=st.integers(0, 19), other=st.sampled_from("0123456789"))
def test_any_one_wrong_digit_is_noticed(valid: object, digits: str, place: int, other: str) -> None:
    assert callable(valid)
    whole = completed(digits, valid)
    place %= len(whole)
    wrong = whole[:place] + other + whole[place + 1 :]
    assert valid(wrong) == (wrong == whole)


@given(digits=DIGITS, place=st.integers(0, 19))
def test_verhoeff_notices_every_swap_of_neighbours(digits: str, place: int) -> None:
    whole = completed(digits, verhoeff)
    place %= len(whole) - 1
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    assert verhoeff(swapped) == (swapped == whole)


def test_luhn_lets_the_one_swap_pass_that_it_is_known_to_let_pass() -> None:
    assert luhn("0909") == luhn("9009")
    assert luhn("79927398713")
    assert not luhn("79927398731")


def test_mod_97_is_the_one_of_ibans_and_of_the_standards_own_example() -> None:
    assert mod_97("79444")  # ISO/IEC 7064: the check characters of 794 are 44
    assert mod_97("WEST12345698765432GB82")  # ISO 13616, the registry's example of the United Kingdom
    assert not mod_97("WEST12345698765432GB28")
    assert not mod_97("WEST12345698765423GB82")


def test_weights_end_where_the_digits_or_the_weights_do() -> None:
    assert weighted("123", (1, 10, 100)) == 321
    assert weighted("123", (1, 10)) == 21
    assert weighted("1", (1, 10)) == 1
    assert weighted("", (1,)) == 0
    assert weighted("90", (-1, 5)) == -9


@pytest.mark.parametrize(("total", "digit"), [(0, 0), (1, 0), (2, 9), (10, 1), (11, 0), (12, 0), (13, 9), (21, 1)])
def test_a_low_rest_is_written_as_zero(total: int, digit: int) -> None:
    assert mod_11_low(total) == digit


@pytest.mark.parametrize(
    ("month", "day", "exists"),
    [
        (1, 31, True),
        (1, 32, False),
        (2, 29, True),
        (2, 30, False),
        (4, 30, True),
        (4, 31, False),
        (12, 31, True),
        (13, 1, False),
        (0, 1, False),
        (1, 0, False),
        ("06", "30", True),
    ],
)
def test_a_day_exists_if_it_does_in_some_year(month: int | str, day: int | str, *, exists: bool) -> None:
    assert is_day(month, day) is exists
