"""Several workers on one socket: each a process with a loop of its own, all on one ledger, one book and one `state`.

    supervisor: owns the folder, binds, forks ──▶ N workers
      ├─ a worker dies ──▶ another takes its number, after 0.1 s, then twice that …; too many in a minute ──▶ all end
      ├─ SIGTERM, SIGINT ──▶ every worker drains; whoever has not ended in time is killed
      └─ dies itself ──▶ its end of a pipe closes; the workers see that and drain

Nothing is served by the supervisor, and no thread runs in it: it forks, waits for signals, and reaps.
"""

import contextlib
import logging
import os
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger("tollhouse.workers")

DEATHS_MAX = 10
DEATHS_WITHIN_S = 60.0
_WAIT_S_MIN = 0.1
_WAIT_S_MAX = 5.0
_LOOK_S = 0.1
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT)
_ENDING = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker is told: its number, a file that ends when the supervisor does, one to say that it serves."""

    number: int
    alive: int
    ready: int


class Supervisor:
    """Keeps `count` workers running. `work` is called in each; its process ends with status 0 when it returns."""

    def __init__(
        self, work: Callable[[Worker], None], count: int, *, grace_s: float, ready: Callable[[], None] | None = None
    ) -> None:
        """`grace_s` is what a worker has to drain in; `ready` is called once all serve for the first time."""
        self._work = work
        self._grace_s = grace_s
        self._ready = ready
        self._missing: dict[int, float] = dict.fromkeys(range(count), 0.0)
        self._pids: dict[int, int] = {}
        self._deaths: deque[float] = deque(maxlen=DEATHS_MAX)
        self._unready = count
        self._alive = os.pipe()
        self._serving = os.pipe()
        os.set_blocking(self._serving[0], False)

    def run(self) -> int:
        """Keep them running until a signal ends it; return the exit status: 0 if all ended in order."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            return self._run()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for file in (*self._alive, *self._serving):
                os.close(file)

    def _run(self) -> int:
        while True:
            if len(self._deaths) == DEATHS_MAX and time.monotonic() - self._deaths[0] < DEATHS_WITHIN_S:
                log.error("%d workers died within %d s: giving up", DEATHS_MAX, DEATHS_WITHIN_S)
                self._end(signal.SIGTERM)
                return 1
            self._fill()
            self._listen()
            come = signal.sigtimedwait(_SIGNALS, _LOOK_S if self._missing or self._unready else 3_600.0)
            if come is not None and come.si_signo in _ENDING:
                return 0 if self._end(signal.Signals(come.si_signo)) else 1
            self._reap()

    def _fill(self) -> None:
        """Fork the workers whose time has come."""
        now = time.monotonic()
        for number in [number for number, at in self._missing.items() if at <= now]:
            del self._missing[number]
            self._pids[self._fork(number)] = number

    def _fork(self, number: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._alive[1])
            self._work(Worker(number, self._alive[0], self._serving[1]))
            status = 0
        finally:  # whatever happened, nothing of the supervisor's own is done here
            if status:
                traceback.print_exc()
            os._exit(status)

    def _listen(self) -> None:
        """Take note of workers that serve."""
        with contextlib.suppress(BlockingIOError):
            came = len(os.read(self._serving[0], 4_096))
            if self._unready and came:
                self._unready = max(0, self._unready - came)
                if not self._unready and self._ready is not None:
                    self._ready()

    def _reap(self) -> list[int]:
        """Take note of those that ended, and plan who takes their numbers; return their statuses."""
        statuses = []
        for pid, number in list(self._pids.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._pids[pid]
            statuses.append(os.waitstatus_to_exitcode(status))
            now = time.monotonic()
            self._deaths.append(now)
            recent = sum(now - at < DEATHS_WITHIN_S for at in self._deaths)
            wait_s = min(_WAIT_S_MAX, _WAIT_S_MIN * 2 ** (recent - 1))
            self._missing[number] = now + wait_s
            log.warning("worker %d (pid %d) ended with %d; another starts in %.1f s", number, pid, statuses[-1], wait_s)
        return statuses

    def _end(self, how: signal.Signals) -> bool:
        """Tell all to drain, kill whoever takes too long, wait for all; tell whether all ended in order."""
        ends = time.monotonic() + self._grace_s
        ordered = True
        self._tell(how)
        while self._pids:
            left = ends - time.monotonic()
            if left <= 0:
                log.error("%d workers did not end within %.0f s and are killed", len(self._pids), self._grace_s)
                self._tell(signal.SIGKILL)
            come = signal.sigtimedwait(_SIGNALS, max(_LOOK_S, left))
            if come is not None and come.si_signo in _ENDING:
                self._tell(signal.Signals(come.si_signo))
            # A worker that was still starting ends by the signal itself: it has served nothing.
            ordered = all(status in (0, -how) for status in self._reap()) and ordered
        return ordered

    def _tell(self, how: signal.Signals) -> None:
        for pid in self._pids:
            os.kill(pid, how)  # not reaped yet, so the number is still its own
