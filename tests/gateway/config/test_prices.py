"""Prices of the configuration."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.prices import PriceSettings, override_of
from gateway.config.values import Reading
from limits.prices import Usage

BASE = {"input_usd_per_million": "1", "output_usd_per_million": "2"}


def read(**members: object) -> PriceSettings:
    return PriceSettings.model_validate(BASE | members, context=Reading(Path()))


def test_an_override_has_long_context_and_service_tiers_a_fee_and_a_version() -> None:
    price = override_of(
        read(
            cached_input_usd_per_million="0.1",
            long_context=[{**BASE, "input_usd_per_million": "4", "over_input_tokens": 1_000}],
            service_tiers={"flex": {"input_usd_per_million": "0.5", "output_usd_per_million": "1"}},
            usd_per_thousand_calls="3",
            version="2026-11",
        )
    )
    standard, flex = price.price("m"), price.price("m", "flex")
    assert standard.origin == "configuration 2026-11"
    assert standard.cost(Usage(1_000, 0)) == 1_000 * 1_000 + 3_000_000
    assert standard.cost(Usage(1_001, 0)) == 1_001 * 4_000 + 3_000_000
    assert standard.cost(Usage(1_000, 0, cached_tokens=1_000)) == 1_000 * 100 + 3_000_000
    assert flex.cost(Usage(1_000, 0)) == 1_000 * 500 + 3_000_000
    assert standard.bound(1_000, 0) == 1_000 * 4_000 + 3_000_000


def test_two_tiers_that_begin_together_are_refused() -> None:
    tier = {**BASE, "over_input_tokens": 1_000}
    with pytest.raises(ValidationError, match="begin at the same"):
        read(long_context=[tier, tier])
