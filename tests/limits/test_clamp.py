from hypothesis import example, given
from hypothesis import strategies as st

from limits.books import Affordable
from limits.clamp import Clamped, Short, Wish, ceiling_of, clamp, floor_of
from limits.pricelist import PriceOverride
from limits.windows import FOREVER

WISHES = st.builds(
    Wish,
    st.none() | st.integers(0, 100_000),
    st.none() | st.integers(1, 50_000),
    st.integers(1, 8),
    st.booleans(),
    st.none() | st.integers(1, 10_000),
)
LEFT = st.builds(
    Affordable,
    st.integers(0, 10**9) | st.just(FOREVER),
    st.integers(0, 10**5) | st.just(FOREVER),
    st.integers(0, 10**5) | st.just(FOREVER),
    st.integers(0, 10**5) | st.just(FOREVER),
)


@example(Wish(0), 1, Affordable(input_tokens=0), "0.15", "0.6")
@given(WISHES, st.integers(0, 50_000), LEFT, st.sampled_from(["0", "0.15", "60"]), st.sampled_from(["0", "0.6", "15"]))
def test_a_clamped_call_fits_what_is_left_and_is_never_below_its_floor(
    wish: Wish, input_tokens: int, left: Affordable, input_usd: str, output_usd: str
) -> None:
    price = PriceOverride(input_usd, output_usd).price("m")
    ceiling = ceiling_of(wish, model_output_tokens_max=64_000)
    answer = clamp(wish, ceiling, input_tokens, price, left)
    if isinstance(answer, Short):
        assert answer.affordable < answer.needed
        return
    total = answer.reserve(wish)
    assert price.bound(input_tokens, total) <= left.nano
    assert input_tokens <= left.input_tokens
    assert total <= left.output_tokens
    assert input_tokens + total <= left.tokens
    assert min(ceiling, floor_of(wish)) <= answer.output_tokens <= ceiling
    assert answer.told == (wish.output_tokens is not None and answer.output_tokens < wish.output_tokens)


@given(WISHES, st.integers(0, 50_000))
def test_with_nothing_limited_the_ceiling_is_served(wish: Wish, input_tokens: int) -> None:
    price = PriceOverride("1", "1").price("m")
    ceiling = ceiling_of(wish)
    answer = clamp(wish, ceiling, input_tokens, price, Affordable())
    assert answer == Clamped(ceiling, ceiling, told=False)


def test_the_ceiling_is_the_least_of_wish_profile_and_model() -> None:
    assert ceiling_of(Wish()) == 4_096
    assert ceiling_of(Wish(thinking_tokens=10_000)) == 14_096
    assert ceiling_of(Wish(50)) == 50
    assert ceiling_of(Wish(5_000), output_tokens_max=1_000, model_output_tokens_max=2_000) == 1_000
    assert ceiling_of(Wish(), output_tokens_default=100) == 100


def test_the_floor_protects_thinking_and_reasoning() -> None:
    assert floor_of(Wish(thinking_tokens=2_000)) == 3_024
    assert floor_of(Wish(reasoning=True)) == 4_096
    assert floor_of(Wish()) == 256
    assert floor_of(Wish(reasoning=True, floor=700)) == 700
    assert floor_of(Wish(thinking_tokens=2_000, floor=700)) == 3_024


def test_a_small_client_maximum_is_served_as_asked() -> None:
    price = PriceOverride("1", "1").price("m")
    assert clamp(Wish(5), 5, 10, price, Affordable(tokens=15)) == Clamped(5, 5, told=False)


def test_what_is_short_is_named() -> None:
    price = PriceOverride("1", "1").price("m")
    assert clamp(Wish(500), 500, 10, price, Affordable(tokens=200)) == Short("tokens", 190, 256)
    assert clamp(Wish(500), 500, 10, price, Affordable(nano=5)) == Short("nano_usd", -10, 256)
    assert clamp(Wish(500), 500, 10, price, Affordable(input_tokens=9)) == Short("input_tokens", -1, 256)
    assert clamp(Wish(500), 500, 10, price, Affordable(output_tokens=9)) == Short("output_tokens", 9, 256)


def test_choices_share_what_is_left() -> None:
    price = PriceOverride("0", "0").price("m")
    answer = clamp(Wish(1_000, choices=3), 1_000, 0, price, Affordable(output_tokens=900))
    assert isinstance(answer, Clamped)
    assert (answer.output_tokens, answer.reserve(Wish(1_000, choices=3)), answer.told) == (300, 900, True)
