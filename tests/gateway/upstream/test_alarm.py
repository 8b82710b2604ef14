"""The alarm rings at its moment and never before, however often it is moved, and costs the loop few timers."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from gateway.upstream.alarm import NEVER_S, Alarm


class Loop:
    """A loop whose clock the test turns."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.armed: list[tuple[float, asyncio.TimerHandle]] = []
        self.calls = 0

    def time(self) -> float:
        return self.now_s

    def get_debug(self) -> bool:
        return False

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, **_: Any) -> asyncio.TimerHandle:
        self.calls += 1
        handle = asyncio.TimerHandle(when, callback, args, cast("asyncio.AbstractEventLoop", self))
        self.armed.append((when, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.armed = [each for each in self.armed if each[1] is not handle]

    def turn(self, to_s: float) -> None:
        """Let time pass, and what is due run."""
        while due := [each for each in self.armed if each[0] <= to_s]:
            first = min(due, key=lambda each: each[0])
            self.armed.remove(first)
            self.now_s = max(self.now_s, first[0])
            first[1]._run()
        self.now_s = to_s


def alarm() -> tuple[Loop, Alarm, list[float]]:
    loop = Loop()
    rang: list[float] = []
    return loop, Alarm(cast("asyncio.AbstractEventLoop", loop), lambda: rang.append(loop.now_s)), rang


def test_it_rings_once_at_its_moment() -> None:
    loop, made, rang = alarm()
    made.move(5.0)
    loop.turn(4.9)
    assert rang == []
    loop.turn(100.0)
    assert rang == [5.0]


def test_moved_to_a_later_moment_it_rings_then_with_two_timers_in_all() -> None:
    loop, made, rang = alarm()
    for moved in range(1, 1_000):
        made.move(moved / 100)
    loop.turn(20.0)
    assert rang == [9.99]
    assert loop.calls == 2


def test_moved_to_an_earlier_moment_it_rings_then_and_not_again() -> None:
    loop, made, rang = alarm()
    made.move(10.0)
    made.move(2.0)
    assert len(loop.armed) == 1
    loop.turn(20.0)
    assert rang == [2.0]


def test_moved_to_never_it_does_not_ring_and_can_be_moved_back() -> None:
    loop, made, rang = alarm()
    made.move(1.0)
    made.move(NEVER_S)
    loop.turn(10.0)
    assert (rang, loop.armed) == ([], [])
    made.move(12.0)
    loop.turn(20.0)
    assert rang == [12.0]


def test_cancelled_it_leaves_nothing_in_the_loop() -> None:
    loop, made, rang = alarm()
    made.cancel()
    made.move(1.0)
    made.cancel()
    assert loop.armed == []
    loop.turn(10.0)
    assert rang == []
