from random import Random
from typing import Any

from pybreaker import CircuitBreakerListener

from limits.breaker import Blocked, Breaker, BreakerPolicy, Permit
from limits.clock import ManualClock

POLICY = BreakerPolicy(failures_max=3, open_s=10, open_s_max=40, jitter=0.2, probe_s_max=30)


class Heard(CircuitBreakerListener):
    def __init__(self) -> None:
        self.states: list[str] = []

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:  # noqa: ARG002
        self.states.append(new_state.name)


def permit(breaker: Breaker) -> Permit:
    answer = breaker.ask()
    assert isinstance(answer, Permit)
    return answer


def blocked(breaker: Breaker) -> Blocked:
    answer = breaker.ask()
    assert isinstance(answer, Blocked)
    return answer


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.report(permit(breaker), "failure")


def test_the_whole_cycle_with_a_turned_clock() -> None:
    clock, heard = ManualClock(), Heard()
    breaker = Breaker("openai/gpt-4o", clock, POLICY, Random(1), [heard])
    breaker.report(permit(breaker), "success")
    fail(breaker, 2)
    breaker.report(permit(breaker), "neutral")
    assert (breaker.state, breaker.failures) == ("closed", 2)
    breaker.report(permit(breaker), "success")
    assert breaker.failures == 0
    fail(breaker, 3)
    assert breaker.state == "open"
    assert 10 <= blocked(breaker).wait_s <= 12

    clock.turn(12)
    probe = permit(breaker)
    assert probe.probe
    assert breaker.state == "half-open"
    assert blocked(breaker).wait_s == 30
    breaker.report(probe, "neutral")
    assert breaker.state == "half-open"

    breaker.report(permit(breaker), "failure")
    assert breaker.state == "open"
    assert 20 <= blocked(breaker).wait_s <= 24
    clock.turn(24)
    breaker.report(permit(breaker), "success")
    assert (breaker.state, breaker.failures) == ("closed", 0)
    assert heard.states == ["open", "half-open", "open", "half-open", "closed"]

    fail(breaker, 3)
    assert 10 <= blocked(breaker).wait_s <= 12


def test_openings_in_a_row_last_longer_up_to_a_bound() -> None:
    clock = ManualClock()
    breaker = Breaker("b", clock, POLICY, Random(2))
    fail(breaker, 3)
    for _ in range(50):
        clock.turn(48)
        breaker.report(permit(breaker), "failure")
    assert 40 <= blocked(breaker).wait_s <= 48


def test_a_probe_that_never_reports_makes_room_for_another() -> None:
    clock = ManualClock()
    breaker = Breaker("b", clock, POLICY, Random(3))
    fail(breaker, 3)
    clock.turn(12)
    lost = permit(breaker)
    clock.turn(30)
    second = permit(breaker)
    assert second.probe
    breaker.report(lost, "success")
    assert breaker.state == "half-open"
    breaker.report(second, "success")
    assert breaker.state == "closed"


def test_outcomes_of_calls_from_before_a_change_change_nothing() -> None:
    clock = ManualClock()
    breaker = Breaker("b", clock, POLICY, Random(4))
    early = [permit(breaker) for _ in range(2)]
    fail(breaker, 3)
    breaker.report(early[0], "success")
    assert breaker.state == "open"
    clock.turn(12)
    probe = permit(breaker)
    breaker.report(early[1], "failure")
    assert breaker.state == "half-open"
    breaker.report(probe, "success")
    assert breaker.state == "closed"


def test_a_breaker_is_opened_and_closed_by_hand() -> None:
    breaker = Breaker("b", ManualClock(), POLICY, Random(5))
    breaker.open(7)
    assert blocked(breaker).wait_s == 7
    breaker.close()
    assert not permit(breaker).probe


def test_one_reset_by_hand_lets_the_next_call_be_the_probe_and_forgets_its_back_off() -> None:
    clock = ManualClock()
    breaker = Breaker("b", clock, POLICY, Random(3))
    fail(breaker, 2)
    breaker.reset()
    assert (breaker.state, breaker.failures, breaker.wait_s) == ("closed", 0, 0.0)
    fail(breaker, 3)
    assert (breaker.openings, breaker.wait_s >= 10) == (1, True)
    breaker.reset()
    probe = permit(breaker)
    assert (probe.probe, breaker.state, breaker.openings) == (True, "half-open", 0)
    blocked(breaker)
    breaker.reset()
    breaker.report(permit(breaker), "failure")
    assert 10 <= blocked(breaker).wait_s <= 12
