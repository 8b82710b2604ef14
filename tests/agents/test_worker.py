"""Workers on one queue: crash take-over, drain, nothing done twice."""

import asyncio
import signal
from pathlib import Path

import pytest

from agents import Log
from agents.jobs import TRIES_MAX, Jobs
from agents.reference import Reference
from agents.runner import Runner
from agents.scripted import Reply
from agents.worker import Worker
from tests.agents.scene import calls, says, scene
from tests.agents.test_main import TOOLS, Command, effects, reached

pytestmark = pytest.mark.anyio
REF = Reference(tools=str(TOOLS), model="m").text()


async def test_a_worker_works_off_the_queue(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", "done")) as it:
        with Jobs(it.log) as jobs:
            numbers = [jobs.put(REF, f"task {n}", {}) for n in range(20)]
            async with Runner(it.gateway, it.log, leave=True) as runner:
                await Worker(runner, jobs).work(asyncio.Event(), until_empty=True)
            assert jobs.states() == {"done": 20}
            assert {(jobs.result(number) or {})["output"] for number in numbers} == {"done"}
        assert it.requests() == 20


async def test_a_killed_workers_run_is_taken_over_at_its_last_step(tmp_path: Path) -> None:
    slow = Reply(text="done", delay_s=0.5)
    async with scene(tmp_path, says("", calls("note", text="one"), slow)) as it:
        with Jobs(it.log, lease_s=0.5) as jobs:
            number = jobs.put(REF, "go", {})
            first = await Command(it, "worker").start()
            await reached(it, "returned", "asked")
            first.process.send_signal(signal.SIGKILL)
            await first.end()
            jobs._all("UPDATE jobs SET lease_us = 1", ())  # time passes
            async with Runner(it.gateway, it.log, leave=True) as runner:
                await Worker(runner, jobs).work(asyncio.Event(), until_empty=True)
            result = jobs.result(number)
        assert result is not None
        assert (result["status"], effects(it), it.requests()) == ("completed", ["one"], 2)
        with Log(it.log) as log:
            assert len(log.runs()) == 1


async def test_a_worker_that_is_told_to_stop_gives_its_runs_back(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", calls("note", text="one"), Reply(text="done", delay_s=1.0))) as it:
        with Jobs(it.log) as jobs:
            jobs.put(REF, "go", {})
            first = await Command(it, "worker", "--grace", "0.1").start()
            await reached(it, "returned", "asked")
            first.process.send_signal(signal.SIGTERM)
            status, _, _ = await first.end()
            assert (status, jobs.states()) == (0, {"queued": 1})
            status, out, _ = await (await Command(it, "worker", "--until-empty").start()).end()
            assert (status, "completed" in out, jobs.states()) == (0, True, {"done": 1})
        assert (effects(it), it.requests()) == (["one"], 2)


async def test_a_worker_lets_runs_end_within_its_grace(tmp_path: Path) -> None:
    async with scene(tmp_path, says("", Reply(text="done", delay_s=0.5))) as it:
        with Jobs(it.log) as jobs:
            jobs.put(REF, "go", {})
            first = await Command(it, "worker").start()
            await reached(it, "asked")
            first.process.send_signal(signal.SIGTERM)
            assert (await first.end())[0] == 0
            assert jobs.states() == {"done": 1}


async def test_a_job_that_takes_its_workers_down_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        with Jobs(it.log) as jobs:
            number = jobs.put(REF, "go", {})
            jobs._all("UPDATE jobs SET tries = ?", (TRIES_MAX,))
            async with Runner(it.gateway, it.log, leave=True) as runner:
                await Worker(runner, jobs).work(asyncio.Event(), until_empty=True)
            result = jobs.result(number)
        assert result is not None
        assert result["status"] == "failed"
        assert it.requests() == 0


async def test_what_the_gateway_refuses_to_open_is_a_result(tmp_path: Path) -> None:
    async with scene(tmp_path) as it:
        with Jobs(it.log) as jobs:
            number = jobs.put(REF, "go", {"steps": 0})
            gateway = it.gateway
            gateway.key = "sk-th-wrong"
            async with Runner(gateway, it.log, leave=True) as runner:
                await Worker(runner, jobs).work(asyncio.Event(), until_empty=True)
            assert (jobs.result(number) or {})["status"] == "failed"
