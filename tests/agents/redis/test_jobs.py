"""The queue in Redis: leased, taken over, never given to two at once; a run by workers that share nothing else."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents import Log
from agents.redis import RedisJobs, RedisStore
from agents.reference import Reference
from agents.runner import Runner
from agents.scripted import Reply
from agents.worker import Worker
from tests.agents.scene import calls, says, scene
from tests.agents.test_main import TOOLS, Command, effects
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio
REF = Reference(tools=str(TOOLS), model="m").text()
SHORT_S = 0.3


@pytest.fixture
def jobs(durable: Redis, request: pytest.FixtureRequest) -> Iterator[RedisJobs]:
    with RedisJobs(durable.url, prefix=request.node.name, lease_s=SHORT_S) as made:
        yield made


def test_a_job_is_one_workers_until_its_lease_runs_out(jobs: RedisJobs) -> None:
    number = jobs.put("{}", "task", {"steps": 1})
    assert jobs.states() == {"queued": 1}
    (job,) = jobs.take("a", 5)
    assert (job.id, job.task, job.budget, job.run, job.tries) == (number, "task", {"steps": 1}, None, 1)
    jobs.begun(job, "run1")
    assert (jobs.take("b", 5), jobs.renew("a"), jobs.renew("b")) == ([], {number}, set())
    taken = jobs.take("b", 5)
    waited_s = time.monotonic() + 20 * SHORT_S
    while not taken and time.monotonic() < waited_s:
        time.sleep(0.02)
        taken = jobs.take("b", 5)
    assert [(each.run, each.tries) for each in taken] == [("run1", 2)]
    assert not jobs.done(job, "a", {"status": "late"})
    assert jobs.result(number) is None
    assert jobs.done(taken[0], "b", {"status": "completed"})
    assert not jobs.done(taken[0], "b", {"status": "twice"})
    assert (jobs.result(number), jobs.states()) == ({"status": "completed"}, {"done": 1})


def test_a_job_that_is_given_back_costs_no_try_and_is_queued_again(jobs: RedisJobs) -> None:
    number = jobs.put("{}", "task", {})
    (job,) = jobs.take("a", 1)
    jobs.release(job, "b")
    assert jobs.states() == {"running": 1}
    jobs.release(job, "a")
    assert jobs.states() == {"queued": 1}
    (again,) = jobs.take("b", 1)
    assert (again.id, again.tries, jobs.result(number)) == (number, 1, None)


def test_no_job_is_given_to_two_of_many_workers(durable: Redis, request: pytest.FixtureRequest) -> None:
    with RedisJobs(durable.url, prefix=request.node.name) as jobs:
        numbers = [jobs.put("{}", "task", {}) for _ in range(40)]
        taken = [job.id for _ in range(10) for worker in "abcd" for job in jobs.take(worker, 1)]
        assert taken == numbers


def test_a_worker_that_is_long_gone_is_forgotten(durable: Redis, request: pytest.FixtureRequest) -> None:
    with RedisJobs(durable.url, prefix=request.node.name, lease_s=0.001) as jobs:
        jobs.put("{}", "task", {})
        (job,) = jobs.take("dead", 1)
        assert jobs.done(job, "dead", {})
        jobs.put("{}", "task", {})
        assert jobs.take("gone", 1)
        time.sleep(0.15)
        assert jobs.take("new", 1)
        names = {each["name"] for each in jobs._redis.xinfo_consumers(jobs._key, "workers")}
        assert names <= {b"new", b"gone"}


async def test_a_killed_workers_run_is_taken_over_by_one_that_shares_only_redis(tmp_path: Path, durable: Redis) -> None:
    database = durable.url.removesuffix("0") + "1"
    slow = Reply(text="done", delay_s=0.5)
    async with scene(tmp_path, says("", calls("note", text="one"), slow)) as it:
        command = Command(it, "worker", "--log", database)
        with contextlib.closing(RedisJobs(database, lease_s=SHORT_S)) as jobs, Log(RedisStore(database)) as log:
            number = jobs.put(REF, "go", {})
            first = await command.start()
            async with asyncio.timeout(60):
                while it.requests() < 2:  # noqa: ASYNC110 - the provider's bill has no event to wait for
                    await asyncio.sleep(0.01)
            first.process.send_signal(signal.SIGKILL)
            await first.end()
            await asyncio.sleep(SHORT_S)
            async with Runner(it.gateway, log, leave=True) as runner:
                await Worker(runner, jobs).work(asyncio.Event(), until_empty=True)
            result = jobs.result(number)
            assert result is not None
            assert (result["status"], effects(it), it.requests()) == ("completed", ["one"], 2)
            assert [kind for _, _, kind in log.runs()] == ["ended"]
