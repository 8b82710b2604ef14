"""The queue: leased, taken over, never given to two at once."""

from pathlib import Path

from agents.jobs import Jobs
from tests.agents.turned import TurnedClock


def test_a_job_is_one_workers_until_its_lease_runs_out(tmp_path: Path) -> None:
    clock = TurnedClock()
    with Jobs(tmp_path / "q", clock=clock, lease_s=10) as jobs:
        number = jobs.put("{}", "task", {"steps": 1})
        (job,) = jobs.take("a", 5)
        assert (job.id, job.task, job.budget, job.run, job.tries) == (number, "task", {"steps": 1}, None, 1)
        jobs.begun(job, "run1")
        assert jobs.take("b", 5) == []
        clock.seconds += 9
        assert jobs.renew("a") == {number}
        clock.seconds += 9
        assert jobs.take("b", 5) == []
        clock.seconds += 2
        (taken,) = jobs.take("b", 5)
        assert (taken.run, taken.tries) == ("run1", 2)
        assert not jobs.done(job, "a", {"status": "late"})
        assert jobs.done(taken, "b", {"status": "completed"})
        assert jobs.result(number) == {"status": "completed"}
        assert jobs.states() == {"done": 1}


def test_a_job_that_is_given_back_costs_no_try(tmp_path: Path) -> None:
    with Jobs(tmp_path / "q", clock=TurnedClock()) as jobs:
        jobs.put("{}", "task", {})
        (job,) = jobs.take("a", 1)
        jobs.release(job, "a")
        assert jobs.take("b", 1)[0].tries == 1
        assert jobs.result(job.id) is None
