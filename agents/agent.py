"""An agent: a model, tools, and the pattern by which they work together. The page a user reads is docs/agents.md."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .budget import Budget
from .event import Event
from .gateway import Gateway
from .log import Log
from .patterns.react import ReAct
from .policy import Policy
from .result import Result
from .run import Pattern
from .runner import Answers, Runner
from .tool import Tool, as_tool

Value = TypeVar("Value")
_NO_OPTIONS: Mapping[str, Any] = {}


class Agent:
    """`gateway` and `log` default to the environment's gateway and a file in the working directory."""

    def __init__(
        self,
        name: str,
        *,
        model: str,
        tools: Sequence[Callable[..., Any] | Tool] = (),
        pattern: Pattern | None = None,
        instructions: str = "",
        ask_human: Policy | None = None,
        options: Mapping[str, Any] = _NO_OPTIONS,
        gateway: Gateway | None = None,
        log: Log | Path | str | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self.pattern: Pattern = pattern or ReAct()
        self.tools: Sequence[Tool] = tuple(as_tool(given) for given in tools)
        self.instructions = instructions
        self.ask_human = ask_human
        self.options: Mapping[str, Any] = dict(options)
        self.gateway = gateway
        self.log = log
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError(f"two tools of {name} have one name: {sorted(names)}")

    def runner(self) -> Runner:
        """Return a runner of this agent's gateway and log, to be entered."""
        return Runner(self.gateway, self.log)

    async def arun(
        self, task: str, *, budget: Budget | None = None, history: Sequence[Mapping[str, Any]] = ()
    ) -> Result:
        """Run to the end. Raises only if its caller is cancelled (so is the run then), or a part is broken."""
        async with self.runner() as runner:
            return await runner.run(self, task, budget or Budget(), history=history)

    def run(self, task: str, *, budget: Budget | None = None, history: Sequence[Mapping[str, Any]] = ()) -> Result:
        """Run to the end from synchronous code, also where an event loop is running (a notebook)."""
        return _sync(self.arun(task, budget=budget, history=history))

    async def astream(
        self, task: str, *, budget: Budget | None = None, history: Sequence[Mapping[str, Any]] = ()
    ) -> AsyncGenerator[Event, None]:
        """Yield the run's events as they come; the last is `ended`. Leaving early cancels the run. Raises Refused."""
        async with self.runner() as runner:
            run = await runner.open(self, task, budget or Budget(), history=history)
            async with contextlib.aclosing(runner.stream(run)) as events:
                async for event in events:
                    yield event

    def stream(
        self, task: str, *, budget: Budget | None = None, history: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[Event]:
        """Yield the run's events as they come, in synchronous code."""
        return _drained(self.astream(task, budget=budget, history=history))

    async def aresume(self, run_id: str, *, answers: Answers | None = None) -> Result:
        """Go on with a run that waits, or whose process ended: nothing done is done again."""
        async with self.runner() as runner:
            return await runner.drive(await runner.resume(self, run_id, answers))

    def resume(self, run_id: str, *, answers: Answers | None = None) -> Result:
        """Go on with a run, from synchronous code."""
        return _sync(self.aresume(run_id, answers=answers))


def resume(run_id: str, *, agent: Agent, answers: Answers | None = None) -> Result:
    """Go on with a run of `agent`; `answers` are a person's to local approvals: `{call_id: True}`."""
    return agent.resume(run_id, answers=answers)


def approve(approval_id: str, *, key: str, approved: bool = True, url: str | None = None) -> dict[str, Any]:
    """Decide what the gateway asks for, with another person's key; then `resume` goes on. Raises Refused."""
    return _sync(Gateway(url, key).approve(approval_id, approved=approved))


def cancel(run_id: str, *, gateway: Gateway | None = None) -> None:
    """End a run wherever it is driven: its next step is refused, and it ends as cancelled. Raises Refused."""
    _sync((gateway or Gateway()).cancel(run_id))


def _sync(coroutine: Coroutine[Any, Any, Value]) -> Value:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    results: queue.SimpleQueue[asyncio.Task[Value]] = queue.SimpleQueue()

    async def watched() -> None:
        task = asyncio.ensure_future(coroutine)
        await asyncio.wait({task})
        results.put(task)

    thread = threading.Thread(target=lambda: asyncio.run(watched()), name="agents-run")
    thread.start()
    thread.join()
    return results.get().result()


def _drained(events: AsyncGenerator[Event, None]) -> Iterator[Event]:
    with asyncio.Runner() as loop:
        try:
            while True:
                try:
                    yield loop.run(_next(events))
                except StopAsyncIteration:
                    return
        finally:
            loop.run(_closed(events))


async def _next(events: AsyncGenerator[Event, None]) -> Event:
    return await anext(events)


async def _closed(events: AsyncGenerator[Event, None]) -> None:
    await events.aclose()
