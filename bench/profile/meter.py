"""CPU time by place: each wrapped function is charged for what runs in it and not in another wrapped one below it.

A coroutine is timed step by step, so what it waits for is never charged to it. The thread's own CPU clock is read at
each boundary; that costs about a microsecond, which the figures contain: they compare places, their sum is too high.
"""

import functools
import inspect
from collections.abc import Callable, Generator
from time import thread_time_ns
from typing import Any

_READINGS = 20_000


class Meter:
    """Figures of one thread: nanoseconds and entries by label."""

    def __init__(self) -> None:
        self.spent_ns: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self._open: list[str] = []
        self._since_ns = 0

    def _enter(self, label: str) -> None:
        now = thread_time_ns()
        if self._open:
            self._charge(self._open[-1], now)
        self._open.append(label)
        self._since_ns = thread_time_ns()

    def _leave(self) -> None:
        self._charge(self._open.pop(), thread_time_ns())
        self._since_ns = thread_time_ns()

    def _charge(self, label: str, now_ns: int) -> None:
        self.spent_ns[label] = self.spent_ns.get(label, 0) + now_ns - self._since_ns

    def wrap(self, owner: Any, name: str, label: str) -> None:
        """Replace a method of a class, or of an object, by one that is timed under a label."""
        function = getattr(owner, name)

        def count() -> None:
            self.entries[label] = self.entries.get(label, 0) + 1

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            count()
            self._enter(label)
            try:
                result = function(*arguments, **named)
            finally:
                self._leave()
            return _Steps(self, label, result) if inspect.iscoroutine(result) else result

        @functools.wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            count()
            return await _Steps(self, label, function(*arguments, **named))

        setattr(owner, name, awaited if inspect.iscoroutinefunction(function) else timed)

    def reading_us(self) -> float:
        """Return what timing costs by itself for each entry; half is charged to the place, half to who called it."""
        probe = Meter()
        probe.wrap(probe, "nothing", "nothing")
        began = thread_time_ns()
        for _ in range(_READINGS):
            probe.nothing()
        return (thread_time_ns() - began) / _READINGS / 2e3

    def nothing(self) -> None:
        """Do nothing, for that."""

    def clear(self) -> None:
        """Forget all figures."""
        self.spent_ns.clear()
        self.entries.clear()


class _Steps:
    """An awaitable that runs a coroutine and times each of its steps."""

    def __init__(self, meter: Meter, label: str, coroutine: Any) -> None:
        self._meter = meter
        self._label = label
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        meter, label = self._meter, self._label
        step: Callable[[Any], Any] = self._coroutine.send
        value: Any = None
        while True:
            meter._enter(label)  # noqa: SLF001 - one noun in two classes
            try:
                waits_for = step(value)
            except StopIteration as end:
                return end.value
            finally:
                meter._leave()  # noqa: SLF001
            try:
                step, value = self._coroutine.send, (yield waits_for)
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in goes to the coroutine
                step, value = self._coroutine.throw, error
