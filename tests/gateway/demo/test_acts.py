import pytest

from gateway.demo.acts import usd


@pytest.mark.parametrize(
    ("nano_dollars", "text"),
    [(0, "$0.00"), (1, "$0.000000001"), (20_000_000, "$0.02"), (1_500_000_000, "$1.50"), (12_000_000_000, "$12.00")],
)
def test_dollars_have_two_places_at_least_and_all_that_count(nano_dollars: int, text: str) -> None:
    assert usd(nano_dollars) == text
