from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.clock import ManualClock
from limits.pricelist import PriceList, PriceOverride
from limits.prices import NOTHING, Price, PriceUnknown, Rates, Usage

M = 1_000_000
RATE = st.integers(0, 10**9)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    inward = draw(st.lists(st.integers(0, 400_000), min_size=6, max_size=6))
    outward = draw(st.lists(st.integers(0, 50_000), min_size=4, max_size=4))
    images: dict[str, Any] = {"input_image_tokens": inward[4], "output_image_tokens": outward[2]}
    parts: list[Any] = [*inward[:4], *outward[:2]]
    return Usage(sum(inward), sum(outward), *parts, **images)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    starts = [-1, *sorted(draw(st.sets(st.integers(0, 300_000), max_size=3)))]
    names = [each.name for each in fields(Rates) if each.name != "over_input_tokens"]
    tiers = tuple(Rates(**{name: draw(RATE) for name in names}, over_input_tokens=start) for start in starts)
    dearest = [max(pair) for pair in zip(*(tier.dearest() for tier in tiers), strict=True)]
    return Price("m", tiers, dearest[0], dearest[1], "test", "1", draw(st.integers(0, 10**12)))


@given(prices(), usages(), st.integers(0, 1_000), st.integers(0, 1_000))
def test_a_call_within_its_bound_in_tokens_never_costs_more_than_its_bound_in_money(
    price: Price, usage: Usage, spare_in: int, spare_out: int
) -> None:
    assert price.cost(usage) <= price.bound(usage.input_tokens + spare_in, usage.output_tokens + spare_out)


@given(prices(), st.integers(0, 10**13), st.integers(0, 500_000))
def test_the_output_that_money_buys_fits_the_money_and_one_token_more_does_not(
    price: Price, nano: int, input_tokens: int
) -> None:
    output = price.output_tokens_for(nano, input_tokens)
    if output >= 0:
        assert price.bound(input_tokens, output) <= nano
    if price.dearest_output > 0 and output >= -1:
        assert price.bound(input_tokens, output + 1) > nano


def test_free_output_is_bought_without_end_unless_the_input_is_too_dear() -> None:
    free = PriceOverride("1", "0").price("m")
    assert free.output_tokens_for(1_000, 1) == 2**62
    assert free.output_tokens_for(0, 1) == -1


@pytest.mark.parametrize(
    "figures",
    [
        (-1, 0),
        (0, -1),
        (1, 1, -1),
        (1, 1, 2),
        (2, 1, 1, 1, 1),
        (1, 1, 0, 0, 0, 0, 2),
        (1, 1, 0, 0, 0, 0, 1, 1),
        (1, 1, 1, 0, 0, 0, 0, 0, 1),
    ],
)
def test_usage_that_cannot_be_is_refused(figures: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="usage"):
        Usage(*figures)


def test_a_tier_applies_to_the_whole_call_above_its_start() -> None:
    price = PriceList(ManualClock()).price("claude-sonnet-4-5")
    low, high = (price.cost(Usage(tokens, 0)) for tokens in (200_000, 200_001))
    assert low == 200_000 * 3_000
    assert high == 200_001 * 6_000
    assert price.dearest_input >= 12_000_000


def test_published_prices_are_found_with_their_source() -> None:
    price = PriceList(ManualClock()).price("gpt-4o-mini", "openai")
    assert price.cost(Usage(1_000_000, 1_000_000)) == 750_000_000
    assert price.cost(Usage(1_000_000, 0, cached_tokens=1_000_000)) == 75_000_000
    assert price.source == "genai-prices"
    assert price.version
    assert price.context_tokens == 128_000


def test_every_listed_price_obeys_its_own_bound() -> None:
    listed = PriceList(ManualClock())
    seen = 0
    for provider in listed.load().table.providers:
        for model in provider.models:
            try:
                price = listed.price(model.id, provider.id)
            except PriceUnknown:
                continue
            seen += 1
            for tier in price.tiers:
                assert tier.dearest()[0] <= price.dearest_input
                assert tier.dearest()[1] <= price.dearest_output
            assert len(listed._kept) <= 1_000
    assert seen > 1_000


AUTUMN = 1_794_700_800_000_000


def test_a_service_tier_has_its_own_price() -> None:
    listed = PriceList(ManualClock(AUTUMN))
    batch, default, priority = (listed.price("gpt-4o", None, tier) for tier in ("batch", "default", "priority"))
    assert (batch.dearest_output, default.dearest_output, priority.dearest_output) == (5 * M, 10 * M, 17 * M)


@pytest.mark.parametrize("said", [None, "auto"])
def test_a_call_that_leaves_the_tier_to_the_provider_is_bounded_by_its_dearest(said: str | None) -> None:
    listed = PriceList(ManualClock(AUTUMN))
    open_, priority = listed.price("gpt-4o", None, said), listed.price("gpt-4o", None, "priority")
    assert open_.cost(Usage(1_000, 1_000)) == listed.price("gpt-4o", None, "default").cost(Usage(1_000, 1_000))
    assert open_.bound(1_000, 1_000) == priority.cost(Usage(1_000, 1_000))


def test_a_price_by_the_time_of_day_is_bounded_by_its_dearest_hour() -> None:
    clock = ManualClock()
    listed = PriceList(clock)
    found = set()
    for _ in range(24):
        price = listed.price("deepseek-chat", "deepseek")
        found.add(price.cost(Usage(1_000_000, 1_000_000)))
        assert max(found) <= price.bound(1_000_000, 1_000_000)
        clock.turn(3_600)


def test_a_call_fee_is_part_of_cost_and_bound() -> None:
    price = PriceList(ManualClock()).price("sonar", "perplexity")
    assert price.call_pico == 12 * 10**9
    assert price.cost(Usage(0, 0)) == price.bound(0, 0) == 12_000_000


def test_an_override_wins_and_what_it_leaves_out_costs_as_its_direction() -> None:
    listed = PriceList(ManualClock(), {"gpt-4o": PriceOverride("1", "2", cached="0.5", usd_per_thousand_calls="1")})
    price = listed.price("gpt-4o")
    assert price.source == "configuration"
    assert price.cost(Usage(10, 10, 4, 3, 2, 1, 5, 5)) == 1_000_000 + 2_000 + 6_000 + 20_000


def test_all_figures_of_an_override_are_taken() -> None:
    price = PriceOverride("1", "2", cached="0.5", cache_write="4", reasoning="8").price("m")
    assert price.tiers[0] == Rates(
        1_000_000, 2_000_000, 500_000, 4_000_000, 4_000_000, 1_000_000, 8_000_000, 2_000_000, 1_000_000, 2_000_000
    )


def test_a_found_price_is_kept_for_the_hour() -> None:
    clock = ManualClock()
    listed = PriceList(clock)
    first = listed.price("gpt-4o")
    assert listed.price("gpt-4o") is first
    clock.turn(3_600)
    assert listed.price("gpt-4o") is not first


@pytest.mark.parametrize("model", ["nobody-makes-this", "whisper-large-v3"])
def test_a_model_without_a_price_by_tokens_is_unknown(model: str) -> None:
    with pytest.raises(PriceUnknown, match=model):
        PriceList(ManualClock()).price(model)


def test_a_price_says_where_it_comes_from() -> None:
    assert PriceOverride("1", "2", version="2026-11").price("m").origin == "configuration 2026-11"


def test_uses_of_tools_at_the_provider_cost_on_top_and_one_without_a_price_is_told() -> None:
    price = Price("m", (NOTHING,), 0, 0, "test", "1", uses={"web_search": 10_000_000_000})
    usage = Usage(0, 0, uses=(("web_search", 3), ("file_search", 0)))
    assert price.cost(usage) == 30_000_000
    assert not price.lacks(usage)
    assert price.lacks(Usage(0, 0, uses=(("file_search", 1),)))
    with pytest.raises(ValueError, match="below zero"):
        Usage(0, 0, uses=(("web_search", -1),))
