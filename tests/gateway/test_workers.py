"""Workers: as many as were asked for, whatever becomes of them; all gone when it is over."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Supervised:
    """A supervisor's process and what came out of it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.said = b""

    def until(self, pattern: bytes, count: int = 1) -> list[Any]:
        """Read on until a pattern came so often; return what its groups matched."""
        assert self.process.stdout is not None
        while len(found := re.findall(pattern, self.said)) < count:
            came = os.read(self.process.stdout.fileno(), 4_096)
            assert came, self.said
            self.said += came
        return found

    def rest(self) -> bytes:
        """Return what came after that, once every process that could say something is gone."""
        assert self.process.stdout is not None
        return self.process.stdout.read()


@contextmanager
def supervised(count: int, how: str = "wait") -> Iterator[Supervised]:
    command = [sys.executable, "-m", "tests.gateway.workers_child", str(count), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            yield Supervised(process)
        finally:
            process.kill()


def test_all_workers_serve_and_drain_at_a_signal() -> None:
    with supervised(3) as supervisor:
        supervisor.until(rb"ready\n")
        assert {number for number, _ in supervisor.until(rb"worker (\d) (\d+)\n", 3)} == {b"0", b"1", b"2"}
        supervisor.process.terminate()
        assert supervisor.process.wait(20) == 0
        assert supervisor.rest().count(b"ended") == 3


def test_a_worker_that_dies_is_replaced_under_its_number() -> None:
    with supervised(2) as supervisor:
        supervisor.until(rb"ready\n")
        (number, pid), _ = supervisor.until(rb"worker (\d) (\d+)\n", 2)
        os.kill(int(pid), signal.SIGKILL)
        *_, (another, fresh) = supervisor.until(rb"worker (\d) (\d+)\n", 3)
        assert another == number
        assert fresh != pid
        supervisor.process.terminate()
        assert supervisor.process.wait(20) == 0


def test_workers_that_cannot_live_are_given_up_after_a_bounded_number_of_deaths() -> None:
    with supervised(4, "end") as supervisor:
        assert supervisor.process.wait(60) == 1


def test_whoever_does_not_drain_in_time_is_killed() -> None:
    with supervised(2, "stay") as supervisor:
        supervisor.until(rb"ready\n")
        begun = time.monotonic()
        supervisor.process.terminate()
        assert supervisor.process.wait(20) == 1
        assert time.monotonic() - begun >= 0.5
        assert supervisor.rest() == b""


def test_workers_whose_supervisor_is_gone_end_by_themselves() -> None:
    with supervised(2) as supervisor:
        supervisor.until(rb"ready\n")
        supervisor.process.kill()
        supervisor.until(rb"ended \d\n", 2)
