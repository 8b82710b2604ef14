"""The bundled table: read only when it is asked for, and never instead of an override."""

import subprocess
import sys

import pytest

from limits.listed import Listed
from limits.prices import PriceUnknown

_PROGRAM = """
import sys
from limits.clock import ManualClock
from limits.pricelist import PriceList, PriceOverride
prices = PriceList(ManualClock(), {"mine": PriceOverride("1", "2")})
prices.price("mine")
assert "genai_prices" not in sys.modules
prices.price("gpt-4o", "openai")
assert "genai_prices" in sys.modules
"""


def test_overrides_alone_need_no_table() -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True, timeout=60)


def test_a_listed_price_is_in_pico_dollars_a_token() -> None:
    price = Listed().price("gpt-4o-mini", "openai", None, 1_790_000_000_000_000)
    assert price.tiers[0].input == 150_000
    assert price.source == "genai-prices"


def test_what_nobody_lists_is_unknown() -> None:
    with pytest.raises(PriceUnknown, match="never-heard-of"):
        Listed().price("never-heard-of", None, None, 0)
