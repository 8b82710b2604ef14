"""A supervisor with workers that wait for a signal, or, told so, end at once: `python workers_child.py COUNT HOW`."""

import os
import signal
import sys
import time

from gateway.workers import Supervisor, Worker


def work(worker: Worker) -> None:
    if sys.argv[2] == "end":
        raise SystemExit(3)
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = sys.argv[2] != "stay"

    signal.signal(signal.SIGTERM, end)
    os.write(1, f"worker {worker.number} {os.getpid()}\n".encode())
    os.write(worker.ready, b".")
    os.set_blocking(worker.alive, False)
    while not ended:
        time.sleep(0.01)
        try:
            ended = os.read(worker.alive, 1) == b""
        except BlockingIOError:
            continue
    os.write(1, f"ended {worker.number}\n".encode())


supervisor = Supervisor(work, int(sys.argv[1]), grace_s=0.5, ready=lambda: print("ready", flush=True))  # noqa: T201
sys.exit(supervisor.run())
