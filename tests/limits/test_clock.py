import time

import pytest

from limits.clock import Clock, ManualClock, SystemClock


def test_the_system_s_clocks_are_read_in_their_units() -> None:
    clock: Clock = SystemClock()
    assert abs(clock.monotonic_ns() - time.monotonic_ns()) < 1_000_000_000
    assert abs(clock.utc_us() - time.time() * 1e6) < 1_000_000


def test_a_turned_clock_moves_both_readings_together() -> None:
    clock = ManualClock(utc_us=5, monotonic_ns=7)
    clock.turn(1.5)
    assert (clock.utc_us(), clock.monotonic_ns()) == (1_500_005, 1_500_000_007)


def test_the_wall_clock_can_be_stepped_alone() -> None:
    clock = ManualClock()
    clock.set_utc_us(3)
    assert (clock.utc_us(), clock.monotonic_ns()) == (3, 0)


def test_a_clock_is_never_turned_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        ManualClock().turn(-1)
