from decimal import Decimal

import pytest

from limits.clock import ManualClock
from limits.pricelist import PriceList, PriceOverride
from limits.prices import PriceUnknown, Usage


def test_an_override_is_the_price_and_says_where_it_comes_from() -> None:
    prices = PriceList(ManualClock(), {"mine": PriceOverride("1", "2", cached=Decimal("0.5"))})
    price = prices.price("mine")
    assert price.source == "configuration"
    assert price.cost(Usage(1_000, 100)) == 1_000 * 1_000 + 100 * 2_000
    assert price.cost(Usage(1_000, 100, cached_tokens=1_000)) == 1_000 * 500 + 100 * 2_000


def test_a_listed_model_has_the_package_s_price_and_its_version() -> None:
    price = PriceList(ManualClock()).price("gpt-4o-mini", "openai")
    assert price.source == "genai-prices"
    assert price.version
    assert price.cost(Usage(1_000_000, 0)) == 150_000_000
    assert price.bound(1_000_000, 0) >= price.cost(Usage(1_000_000, 0))


def test_what_nobody_lists_has_no_price() -> None:
    with pytest.raises(PriceUnknown, match="no price is known for model 'never-heard-of'"):
        PriceList(ManualClock()).price("never-heard-of")


def test_a_price_is_kept_for_the_hour_and_looked_up_again_after_it() -> None:
    clock = ManualClock()
    prices = PriceList(clock)
    first = prices.price("gpt-4o", "openai")
    assert prices.price("gpt-4o", "openai") is first
    clock.turn(3_600)
    assert prices.price("gpt-4o", "openai") is not first
