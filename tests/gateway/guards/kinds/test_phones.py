"""Phone numbers by their digits and grouping alone."""

from __future__ import annotations

import pytest

from gateway.guards.kinds.phones import SHAPES, is_phone, looks_like_phone


@pytest.mark.parametrize(
    "digits",
    ["14155552671", "442079460958", "33612345678", "4915112345678", "8613800138000", "6591234567", "00442079460958"],
)
def test_a_country_code_and_enough_digits_are_an_international_number(digits: str) -> None:
    assert is_phone(digits)


def test_e_164_allows_fifteen_digits_and_a_number_has_eight_at_least() -> None:
    assert [size for size in range(1, 20) if is_phone("1" * size)] == list(range(8, 16))
    assert [size for size in range(1, 20) if is_phone("00" + "1" * size)] == list(range(8, 16))


@pytest.mark.parametrize("code", ["0", "83", "89"])
def test_a_country_code_that_is_not_assigned_is_none(code: str) -> None:
    assert not is_phone(code + "5551234567")


@pytest.mark.parametrize(
    ("digits", "sizes", "phone"),
    [
        ("4155552671", (3, 3, 4), True),
        ("14155552671", (1, 3, 3, 4), True),
        ("1155552671", (3, 3, 4), False),  # no area code begins with 1
        ("0155552671", (3, 3, 4), True),  # but a trunk zero may stand there elsewhere
        ("4155552671", (10,), False),
        ("11987654321", (2, 5, 4), True),  # Brazil: mobiles begin with 9
        ("11887654321", (2, 5, 4), False),
        ("0612345678", (2, 2, 2, 2, 2), True),
        ("1612345678", (2, 2, 2, 2, 2), False),
        ("0012345678", (2, 2, 2, 2, 2), False),
        ("004915112345678", (4, 4, 7), True),
        ("004915112345678", (15,), False),
        ("0049151123", (4, 6), False),  # too short behind the country code
        ("02079460958", (3, 4, 4), True),
        ("020794609580123", (3, 4, 8), False),
        ("02079460", (4, 4), False),
    ],
)
def test_a_grouping_tells_a_national_number(digits: str, sizes: tuple[int, ...], *, phone: bool) -> None:
    assert looks_like_phone(digits, sizes) is phone


def test_no_shape_is_one_undivided_run() -> None:
    assert all(len(shape) > 1 and 7 <= sum(shape) <= 12 for shape in SHAPES)
