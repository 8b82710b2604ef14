import pytest
from hypothesis import given
from hypothesis import strategies as st

from limits.clock import ManualClock
from limits.rates import Concurrency, Rate


@given(
    st.integers(1, 600),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 20)), max_size=200),
)
def test_no_minute_sees_more_than_burst_and_limit_together(
    limit: int, burst: int, asked: list[tuple[int, int]]
) -> None:
    clock = ManualClock()
    rate = Rate(clock)
    let_in: list[tuple[int, int]] = []
    for pause_ms, weight in asked:
        clock.turn(pause_ms / 1_000)
        if rate.take("k", limit, weight, burst).ok:
            let_in.append((clock.monotonic_ns(), weight))
    for start, _ in let_in:
        assert sum(weight for at, weight in let_in if start <= at < start + 60_000_000_000) <= burst + limit


@given(st.integers(1, 1_000), st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_whoever_waits_as_told_is_let_in_and_not_a_moment_earlier(limit: int, weights: list[int]) -> None:
    clock = ManualClock()
    rate = Rate(clock)
    for weight in weights:
        answer = rate.take("k", limit, weight, 30)
        if not answer.ok:
            assert answer.wait_s is not None
            clock.turn(max(0.0, answer.wait_s - 1e-6))
            assert not rate.take("k", limit, weight, 30).ok
            clock.turn(2e-6)
            assert rate.take("k", limit, weight, 30).ok


def test_the_figures_for_the_headers_count_down_and_grow_back() -> None:
    clock = ManualClock()
    rate = Rate(clock)
    answers = [rate.take("k", 3) for _ in range(4)]
    assert [(a.ok, a.remaining) for a in answers] == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert [a.reset_s for a in answers] == [20.0, 40.0, 60.0, 60.0]
    assert answers[3].wait_s == 20.0
    clock.turn(60)
    assert rate.take("k", 3).remaining == 2


def test_keys_do_not_share_a_rate() -> None:
    rate = Rate(ManualClock())
    assert rate.take("a", 1).ok
    assert not rate.take("a", 1).ok
    assert rate.take("b", 1).ok


def test_a_weight_above_the_burst_never_fits_and_says_so() -> None:
    answer = Rate(ManualClock()).take("k", 10, 11)
    assert not answer.ok
    assert answer.wait_s is None


def test_units_given_back_can_be_taken_again_but_not_more() -> None:
    rate = Rate(ManualClock())
    rate.take("k", 100, 100)
    rate.give_back("k", 100, 60)
    rate.give_back("stranger", 100, 60)
    assert rate.take("k", 100, 60).ok
    rate.give_back("k", 100, 10_000)
    assert rate.take("k", 100, 100).ok
    assert not rate.take("k", 100, 1).ok


def test_keys_at_rest_are_forgotten() -> None:
    clock = ManualClock()
    rate = Rate(clock)
    for key in range(10_000):
        rate.take(str(key), 60)
        clock.turn(0.01)
    assert len(rate._tat_ns) <= 4_096


@pytest.mark.parametrize(("limit", "weight", "burst"), [(0, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_senseless_rates_are_refused(limit: int, weight: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Rate(ManualClock()).take("k", limit, weight, burst)


def test_concurrency_counts_who_is_in() -> None:
    gate = Concurrency()
    assert gate.enter("k", 2)
    assert gate.enter("k", 2)
    assert not gate.enter("k", 2)
    assert gate.live("k") == 2
    gate.leave("k")
    assert gate.enter("k", 2)
    gate.leave("k")
    gate.leave("k")
    assert gate.live("k") == 0
    with pytest.raises(ValueError, match="not in"):
        gate.leave("k")
