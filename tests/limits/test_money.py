from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.money import AMOUNT_MAX, nano_to_usd, pico_to_nano, usd_per_mtok_to_pico, usd_to_nano


@given(st.integers(0, AMOUNT_MAX))
def test_an_amount_written_as_dollars_reads_back_as_itself(nano: int) -> None:
    assert usd_to_nano(nano_to_usd(nano)) == nano


@pytest.mark.parametrize(
    ("usd", "nano"),
    [("0.10", 100_000_000), ("0", 0), (5, 5_000_000_000), (Decimal("0.000000001"), 1), ("1e3", 10**12)],
)
def test_dollars_are_read_exactly(usd: str | int | Decimal, nano: int) -> None:
    assert usd_to_nano(usd) == nano


@pytest.mark.parametrize("usd", ["", "a", "-1", "NaN", "Infinity", "0.0000000001", "1e30", "9007200", "1e999999"])
def test_what_is_no_amount_is_refused(usd: str) -> None:
    with pytest.raises(ValueError, match=r"dollars|number"):
        usd_to_nano(usd)


@pytest.mark.parametrize("usd", [0.1, True, None])
def test_floats_and_other_types_are_refused(usd: Any) -> None:
    with pytest.raises(TypeError, match="dollars"):
        usd_to_nano(usd)


def test_a_price_in_dollars_per_million_is_a_million_pico_dollars_a_token() -> None:
    assert usd_per_mtok_to_pico("0.15") == 150_000


@given(st.integers(0, 10**15))
def test_rounding_goes_up_and_by_less_than_one_nano_dollar(pico: int) -> None:
    assert 0 <= pico_to_nano(pico) * 1_000 - pico < 1_000


def test_a_debt_is_written_with_its_sign() -> None:
    assert nano_to_usd(-1_500_000_000) == "-1.50"
