from hypothesis import given
from hypothesis import strategies as st

from limits.clock import ManualClock
from limits.quantiles import Quantiles


@given(st.lists(st.floats(1e-6, 4_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_never_below_the_truth_and_at_most_a_tenth_above_it(times: list[float], share: float) -> None:
    quantiles = Quantiles(ManualClock())
    for seconds in times:
        quantiles.add(seconds)
    (told,) = quantiles.of(share)
    rank = next(n for n in range(1, len(times) + 1) if n >= share * len(times))
    truth = sorted(times)[rank - 1]
    assert told is not None
    assert truth * 0.999 <= told <= truth * 1.1


def test_nothing_is_told_of_nothing_and_what_is_long_over_is_forgotten() -> None:
    clock = ManualClock()
    quantiles = Quantiles(clock, span_s=60)
    assert quantiles.of(0.5, 0.99) == [None, None]
    quantiles.add(1.0)
    clock.turn(60)
    assert quantiles.of(0.5) != [None], "the span before counts too"
    quantiles.add(2.0)
    clock.turn(60)
    (median,) = quantiles.of(0.5)
    assert median is not None
    assert median > 1.5
    clock.turn(600)
    quantiles.add(3.0)
    assert len(quantiles._before) == 0


def test_durations_beyond_what_is_told_apart_are_the_nearest_that_are() -> None:
    quantiles = Quantiles(ManualClock())
    quantiles.add(0.0)
    (least,) = quantiles.of(1.0)
    assert least is not None
    assert least < 1.2e-6
    quantiles.add(1e9)
    (most,) = quantiles.of(1.0)
    assert most is not None
    assert 4_000 < most < 5_000
