"""The breaker's whole cycle, with a turned clock."""

from agents.breaker import Breaker
from tests.agents.turned import TurnedClock


def test_it_opens_after_failures_in_a_row_lets_one_trial_through_and_closes_again() -> None:
    clock = TurnedClock()
    breaker = Breaker(clock, failures_max=2, open_s=10)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    clock.seconds += 10
    assert breaker.allows()
    assert not breaker.allows(), "one trial at a time"
    breaker.failed()
    clock.seconds += 9
    assert not breaker.allows()
    clock.seconds += 1
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
