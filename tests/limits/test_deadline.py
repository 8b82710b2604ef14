import pytest

from limits.clock import ManualClock
from limits.deadline import Deadline


def test_a_deadline_counts_down_and_passes() -> None:
    clock = ManualClock()
    deadline = Deadline.after(clock, 2)
    assert deadline.left_s(clock) == 2.0
    clock.turn(1.5)
    assert deadline.left_s(clock) == 0.5
    assert not deadline.passed(clock)
    clock.turn(1)
    assert deadline.left_s(clock) == 0.0
    assert deadline.passed(clock)


def test_the_earlier_deadline_wins_and_keeps_its_name() -> None:
    clock = ManualClock()
    call, run = Deadline.after(clock, 5), Deadline.after(clock, 3, "run")
    assert call.earlier(None, run) is run
    assert run.earlier(call, None).what == "run"


def test_a_deadline_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="ahead"):
        Deadline.after(ManualClock(), -1)
