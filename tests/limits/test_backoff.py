from random import Random

from hypothesis import given
from hypothesis import strategies as st

from limits.backoff import Backoff

WAITS = Backoff(retries_max=40, first_s=0.5, wait_s_max=8)


@given(st.integers(0, 39), st.integers(0, 2**32))
def test_a_wait_lies_in_the_upper_half_of_its_doubled_step(retry: int, seed: int) -> None:
    wait = WAITS.wait_s(retry, 1e9, Random(seed))
    upper = min(8, 0.5 * 2**retry)
    assert wait is not None
    assert upper / 2 <= wait <= upper


@given(st.floats(0, 20), st.integers(0, 2**32))
def test_what_the_upstream_asked_for_is_the_least_wait(asked: float, seed: int) -> None:
    wait = WAITS.wait_s(0, 1e9, Random(seed), asked)
    assert wait is not None
    assert asked <= wait <= max(asked, 0.5) + 0.5


def test_no_retry_beyond_the_policy_the_deadline_or_an_absurd_wish() -> None:
    assert Backoff(retries_max=1).wait_s(1, 100, Random(1)) is None
    assert Backoff().wait_s(0, 0.1, Random(1)) is None
    assert Backoff().wait_s(0, 1e9, Random(1), asked_s=3_600) is None
