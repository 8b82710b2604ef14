"""Drives a pattern: opens the run, writes what happens, turns every expected ending into a result."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import trace
from .budget import Budget
from .clock import Clock, SystemClock
from .endings import Ending, Refused, Status, Stop
from .event import Event
from .gateway import Gateway, Opened
from .journal import Journal
from .log import Log
from .result import Result
from .run import Role, Run
from .seat import Question, Seat
from .state import State, fold
from .workshop import Workshop

LOG_NAME = "tollhouse-agents.sqlite"
Answer = bool | str
Answers = Mapping[str, Answer]


class Runner:
    """Gateway, log and workshop, shared by any number of runs. Enter it first; what it opened itself it closes.

    `leave` True: a run that is cancelled is only left, to be resumed; by default it ends as cancelled.
    """

    def __init__(
        self,
        gateway: Gateway | None = None,
        log: Log | Path | str | None = None,
        *,
        clock: Clock | None = None,
        leave: bool = False,
    ) -> None:
        self.gateway = gateway or Gateway()
        self.clock = clock or SystemClock()
        self.leave = leave
        self._given = log or LOG_NAME
        self.log: Log
        self.workshop: Workshop

    async def __aenter__(self) -> Self:
        self.log = self._given if isinstance(self._given, Log) else Log(self._given)
        self.workshop = Workshop(self.clock)
        await self.gateway.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.gateway.__aexit__(kind, error, at)
        self.workshop.close()
        if not isinstance(self._given, Log):
            self.log.close()

    async def run(
        self, agent: Role, task: str, budget: Budget, *, history: Sequence[Mapping[str, Any]] = (), ref: str = ""
    ) -> Result:
        """Run an agent to its end."""
        try:
            run = await self.open(agent, task, budget, history=history, ref=ref)
        except Refused as refused:
            return _never_opened(refused)
        return await self.drive(run)

    async def open(
        self, agent: Role, task: str, budget: Budget, *, history: Sequence[Mapping[str, Any]] = (), ref: str = ""
    ) -> Run:
        """Open a run at the gateway and in the log. Raises Refused."""
        opened = await self.gateway.open(budget.limits())
        self.log.keep_key(opened.id, opened.key)
        return await self._begin(agent, opened, _opening(agent, task, budget, history, ref=ref))

    async def _begin(self, agent: Role, opened: Opened, opening: dict[str, Any]) -> Run:
        journal = Journal(opened.id, self.log, self.clock)
        await journal.write("opened", **opening)
        return self._run(agent, journal, opened.key)

    def _run(self, agent: Role, journal: Journal, key: str) -> Run:
        seat = Seat(
            journal=journal,
            key=key,
            gateway=self.gateway,
            workshop=self.workshop,
            clock=self.clock,
            model=agent.model,
            options=agent.options,
            pattern=agent.pattern.name,
            ask_human=agent.ask_human,
        )
        return Run(seat, agent, self)

    async def resume(self, agent: Role, run_id: str, answers: Answers | None = None) -> Run:
        """Go on with a run of the log; `answers` are a person's, by the id that waits. Raises KeyError, ValueError.

        A run that has ended is only told again, unless what failed was upstream: then it is tried from there.
        """
        events = self.log.events(run_id)
        key = self.log.key(run_id)
        if not events or key is None:
            raise KeyError(f"no run {run_id} in {self.log.name}")
        state = fold(events)
        if state.opened["agent"] != agent.name:
            raise ValueError(f"run {run_id} is one of {state.opened['agent']!r}, not of {agent.name!r}")
        journal = Journal(run_id, self.log, self.clock, state)
        run = self._run(agent, journal, key)
        if state.status not in (None, "waiting") and state.stop != "upstream":
            return run
        await journal.write("resumed")
        for name, answer in (answers or {}).items():
            await self._decide(journal, name, answer)
        for step in [step for step, body in state.waiting.items() if body["by"] == "gateway"]:
            state.waiting.pop(step)  # asking again tells whether it still waits
        return run

    async def _decide(self, journal: Journal, name: str, answer: Answer) -> None:
        """Write a person's answer into the run that waits for it, and into those above it."""
        waits = {body["id"]: body for body in journal.state.waiting.values() if body["by"] == "runner"}
        body = waits.get(name)
        if body is None:
            raise ValueError(f"nothing waits for an answer to {name!r}; these do: {sorted(waits)}")
        if body["run"]:
            state = fold(self.log.events(body["run"]))
            await self._decide(Journal(body["run"], self.log, self.clock, state), name, answer)
        await journal.write("decided", key=body["key"], id=name, answer=answer)

    async def child(self, parent: Seat, agent: Role, task: str, key: str, budget: Budget) -> Result:
        """Run a child to its end, go on with it, or return how it ended. Raises Ending if none may be opened."""
        known = parent.state.children.get(key)
        if known is not None and (events := self.log.events(known["run"])):
            state = fold(events)
            if state.status not in (None, "waiting"):
                return state.result(known["run"])
            run = await self.resume(agent, known["run"])
        else:
            try:
                opened = await self.gateway.open(budget.limits(), parent_key=parent.key, name=key)
            except Refused as refused:
                raise refused.ending() from refused
            self.log.keep_key(opened.id, opened.key)
            if known is None:
                await parent.journal.write("child", key=key, run=opened.id, agent=agent.name, task=task)
            run = await self._begin(agent, opened, _opening(agent, task, budget, (), parent=parent.id))
        result = await self.drive(run)
        for waits in result.waiting:
            question = Question(
                f"{key}/{waits.id}", waits.id, waits.name, waits.arguments, waits.reason, waits.by, run.id
            )
            await parent.wait(question)
        return result

    async def drive(self, run: Run) -> Result:
        """Let the pattern work until it ends; a run that has ended is only told."""
        if run.state.status is not None:
            return run.state.result(run.id)
        with trace.span("run", run=run.id, agent=run.agent.name, pattern=run.agent.pattern.name):
            try:
                status, stop, message = await self._worked(run)
            except asyncio.CancelledError:
                if not self.leave:
                    self._close_calls(run, "the run was cancelled")
                    run.seat.journal.write_now(
                        "ended", status="cancelled", stop=None, message="cancelled by its caller"
                    )
                    await self._cancel(run)
                raise
        if status != "waiting":
            self._close_calls(run, message or status)
        await run.seat.journal.write(
            "ended", status=status, stop=stop, message=message, account=await self._account(run)
        )
        return run.state.result(run.id)

    async def _worked(self, run: Run) -> tuple[Status, Stop | None, str]:
        seconds = run.state.opened["budget"].get("seconds")
        left_s = None if seconds is None else max(0.0, seconds - run.state.active_s)
        try:
            async with asyncio.timeout(left_s):
                async with contextlib.aclosing(run.agent.pattern(run)) as notes:
                    async for note in notes:
                        await run.seat.journal.note(note)
        except Ending as ending:
            return ending.status, ending.stop, ending.message
        except TimeoutError:
            return "stopped", "deadline", f"the run's {seconds} seconds are over"
        if run.state.answer is None:
            return "failed", "invalid_output", "the pattern ended without an answer"
        return "completed", None, ""

    @staticmethod
    def _close_calls(run: Run, why: str) -> None:
        """Give every call that was begun a result, so that the history stays valid."""
        for body in run.state.open_calls():
            said = f"error: not known whether this took effect: {why}"
            told = {name: body[name] for name in ("key", "id", "name")}
            run.seat.journal.write_now("returned", **told, ok=False, content=said, degraded="", ms=0)

    async def _cancel(self, run: Run) -> None:
        with contextlib.suppress(Refused):
            await asyncio.wait_for(self.gateway.cancel(run.id, run.seat.key), timeout=2)

    async def _account(self, run: Run) -> dict[str, Any]:
        try:
            told = await self.gateway.run(run.id, run.seat.key)
        except Refused:
            return {}
        return {"limits": told.get("limits", {}), "used": told.get("used", {})}

    async def stream(self, run: Run, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """Drive a run and yield its events as they come; leaving the stream cancels the run."""
        task = asyncio.ensure_future(self.drive(run))
        task.add_done_callback(lambda _: run.seat.journal.close())
        try:
            async with contextlib.aclosing(run.seat.journal.follow(after)) as events:
                async for event in events:
                    yield event
        finally:
            if run.state.status is None:
                task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()


def _opening(
    agent: Role, task: str, budget: Budget, history: Sequence[Mapping[str, Any]], *, parent: str = "", ref: str = ""
) -> dict[str, Any]:
    return {
        "agent": agent.name,
        "pattern": agent.pattern.name,
        "model": agent.model,
        "task": task,
        "budget": budget.limits(),
        "history": [dict(message) for message in history],
        "parent": parent,
        "ref": ref,
    }


def _never_opened(refused: Refused) -> Result:
    ending = refused.ending()
    return Result("", ending.status, ending.stop, ending.message, None, "", State().usage)
