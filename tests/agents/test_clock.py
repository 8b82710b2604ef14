"""The machine's clocks."""

import time

from agents.clock import SystemClock


def test_instants_are_utc_and_durations_never_negative() -> None:
    clock = SystemClock()
    assert abs(clock.utc_us() / 1e6 - time.time()) < 5
    first = clock.monotonic_s()
    assert clock.monotonic_s() >= first
