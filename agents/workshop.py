"""Where tools are used: with a deadline, retries, a breaker, a fallback, a stored answer, and a cache of results.

A tool is anyone's code: whatever it raises becomes a result that the model reads, never an exception of the run. It
runs in a task (and a thread, if it is synchronous), and the task is asked how it ended.
"""

import asyncio
import inspect
import random
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

import orjson

from .breaker import Breaker
from .clock import Clock
from .tool import Tool, awaited, spelt

THREADS_MAX = 64
CACHED_MAX = 1_024
PAUSE_S = 0.2
_ERROR_CHARS_MAX = 300
Called = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tool call, as the model reads it; `degraded` names what stood in."""

    content: str
    ok: bool = True
    degraded: str = ""


class Workshop:
    """Uses tools. Close it; a synchronous tool that never returns keeps its thread."""

    def __init__(self, clock: Clock, *, chance: random.Random | None = None, pause_s: float = PAUSE_S) -> None:
        self._clock = clock
        self._chance = chance or random.Random()
        self._pause_s = pause_s
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="tool")
        self._breakers: OrderedDict[Called, Breaker] = OrderedDict()
        self._cached: OrderedDict[tuple[Called, bytes], tuple[float, Outcome]] = OrderedDict()

    def close(self) -> None:
        """Take no more calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def use(self, tool: Tool, arguments: str) -> Outcome:
        """Call a tool; never raises but when cancelled."""
        try:
            named = tool.read(arguments)
        except ValueError as error:
            return Outcome(f"error: {error}", ok=False)
        place = (tool.function, _canonical(arguments)) if tool.cache_s else None
        if place is not None and (kept := self._recall(place, tool.cache_s)) is not None:
            return kept
        outcome = await self._guarded(tool, named)
        if outcome.ok and not outcome.degraded and place is not None:
            self._cached[place] = (self._clock.monotonic_s(), outcome)
            while len(self._cached) > CACHED_MAX:
                self._cached.popitem(last=False)
        return outcome

    async def _guarded(self, tool: Tool, named: dict[str, Any]) -> Outcome:
        breaker = self._breaker(tool)
        why = f"{tool.name} failed too often and is not called for a while"
        for attempt in range(1 + tool.retries):
            if not breaker.allows():
                break
            if attempt:
                await asyncio.sleep(self._pause_s * 2 ** (attempt - 1) * (0.5 + self._chance.random()))
            value, why = await self._once(tool, named)
            if not why:
                breaker.succeeded()
                return Outcome(spelt(value))
            breaker.failed()
        return await self._instead(tool, named, why)

    def _breaker(self, tool: Tool) -> Breaker:
        """Return the breaker of this very function; of two agents' tools of one name each has its own."""
        breaker = self._breakers.setdefault(tool.function, Breaker(self._clock))
        if len(self._breakers) > CACHED_MAX:
            self._breakers.popitem(last=False)
        return breaker

    async def _instead(self, tool: Tool, named: dict[str, Any], why: str) -> Outcome:
        if tool.fallback is not None:
            outcome = await self._guarded(tool.fallback, named)
            if outcome.ok:
                return replace(outcome, degraded=outcome.degraded or tool.fallback.name)
        if tool.stored is not None:
            return Outcome(tool.stored, degraded="stored")
        return Outcome(f"error: {why}", ok=False)

    async def _once(self, tool: Tool, named: dict[str, Any]) -> tuple[Any, str]:
        """Return what it gave, or why it failed."""
        task = asyncio.ensure_future(self._called(tool, named))
        try:
            await asyncio.wait({task}, timeout=tool.timeout_s)
        finally:
            if not task.done():
                task.cancel()
        if not task.done():
            return None, f"{tool.name} gave no answer within {tool.timeout_s:g} s"
        if task.cancelled():
            return None, f"{tool.name} was cancelled"
        error = task.exception()
        if error is not None:
            return None, f"{tool.name} failed: {type(error).__name__}: {error}"[:_ERROR_CHARS_MAX]
        return task.result(), ""

    async def _called(self, tool: Tool, named: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(tool.function):
            return await tool.function(**named)
        context = copy_context()
        loop = asyncio.get_running_loop()
        value = await loop.run_in_executor(self._threads, lambda: context.run(tool.function, **named))
        return await awaited(value)

    def _recall(self, place: tuple[Called, bytes], cache_s: float) -> Outcome | None:
        kept = self._cached.get(place)
        if kept is None or self._clock.monotonic_s() - kept[0] > cache_s:
            return None
        return kept[1]


def _canonical(arguments: str) -> bytes:
    return orjson.dumps(orjson.loads(arguments or "{}"), option=orjson.OPT_SORT_KEYS)
