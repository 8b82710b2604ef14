"""Takes runs from the queue and drives them, many at a time; any number of such processes share one queue.

A worker that dies leaves leases that run out; whoever takes such a job resumes its run at the last step. Told to stop
(SIGTERM), a worker takes no more, lets runs end for a grace, and gives the others back where they stand.
"""

import asyncio
import os
import secrets
from collections.abc import Callable
from typing import Any

from .agent import Agent
from .budget import Budget
from .endings import Refused
from .jobs import TRIES_MAX, Job, Queue
from .reference import read
from .result import Result
from .runner import Runner
from .store import RunTaken

AT_ONCE = 16
GRACE_S = 30.0
IDLE_S = 0.05


class Worker:
    """`runner` must be entered and leave cancelled runs (`leave=True`), so that they can be gone on with."""

    def __init__(
        self,
        runner: Runner,
        jobs: Queue,
        *,
        at_once: int = AT_ONCE,
        grace_s: float = GRACE_S,
        told: Callable[[Job, dict[str, Any]], None] = lambda _job, _result: None,
    ) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._runner = runner
        self._jobs = jobs
        self._at_once = at_once
        self._grace_s = grace_s
        self._told = told
        self._agents: dict[str, Agent] = {}
        self._working: dict[asyncio.Task[None], Job] = {}

    async def work(self, stop: asyncio.Event, *, until_empty: bool = False) -> None:
        """Work until `stop` is set, or nothing is left to do if `until_empty`; then drain."""
        renewing = asyncio.ensure_future(self._renew())
        try:
            while not stop.is_set():
                free = self._at_once - len(self._working)
                taken = await asyncio.to_thread(self._jobs.take, self.name, free) if free else []
                for job in taken:
                    task = asyncio.ensure_future(self._do(job))
                    self._working[task] = job
                    task.add_done_callback(self._ended)
                if until_empty and not self._working and not taken:
                    return
                await self._pause(stop, busy=bool(taken))
            await self._drain()
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})

    async def _pause(self, stop: asyncio.Event, *, busy: bool) -> None:
        """Wait until a run ends, `stop` is set, or it is time to look at the queue again."""
        stopping = asyncio.ensure_future(stop.wait())
        waits = {stopping, *self._working}
        seconds = None if len(self._working) >= self._at_once else 0.0 if busy else IDLE_S
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _drain(self) -> None:
        if self._working:
            await asyncio.wait(self._working, timeout=self._grace_s)
        left = dict(self._working)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)
        for job in left.values():
            await asyncio.to_thread(self._jobs.release, job, self.name)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._working[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a run broke; its lease will run out", "exception": error, "task": task}
            )

    async def _do(self, job: Job) -> None:
        if job.tries > TRIES_MAX:
            await self._end(job, {"status": "failed", "message": f"{TRIES_MAX} workers ended while they made this run"})
            return
        agent = self._agents.get(job.ref)
        if agent is None:
            agent = self._agents[job.ref] = read(job.ref).agent()
        try:
            if job.run is None:
                run = await self._runner.open(agent, job.task, Budget(**job.budget), ref=job.ref)
                await asyncio.to_thread(self._jobs.begun, job, run.id)
            else:
                run = await self._runner.resume(agent, job.run)
            await self._end(job, told(await self._runner.drive(run)))
        except Refused as refused:
            await self._end(job, {"status": refused.ending().status, "message": refused.message})
        except RunTaken:
            return  # another worker thought this one dead, and goes on

    async def _end(self, job: Job, result: dict[str, Any]) -> None:
        if await asyncio.to_thread(self._jobs.done, job, self.name, result):
            self._told(job, result)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._jobs.lease_s / 3)
            await asyncio.to_thread(self._jobs.renew, self.name)


def told(result: Result) -> dict[str, Any]:
    """Return what the queue keeps of a result; all else is in the log."""
    return {
        "status": result.status,
        "stop": result.stop,
        "message": result.message,
        "output": result.output,
        "run": result.run_id,
    }
