"""Start a server, wait until it answers, read from /proc what it and its children cost, and end it by its id."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S_MAX = 180.0  # LiteLLM's proxy may take more than a minute
STOP_S_MAX = 10.0
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SCHEDULED = 2  # CPUCLOCK_SCHED: the time that the scheduler gave to all threads, those that ended included
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MAIN = Path(__file__).parents[2]


class StartError(Exception):
    """A server did not come up; the message holds the end of its output."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    process: "subprocess.Popen[bytes]"
    port: int
    start_ms: float

    def cpu_s(self) -> float:
        """User and system time of the process, its living descendants, and those it has waited for; in seconds."""
        return cpu_s(self.process.pid)

    def memory_mb(self) -> float:
        """Resident memory of the process and its living descendants, shared pages counted once for each."""
        pages = (_stat(pid) for pid in tree(self.process.pid))
        return sum(int(fields[21]) for fields in pages if fields) * _PAGE_BYTES / 1e6


def cpu_s(root: int) -> float:
    """User and system time of a process, its living descendants, and those they have waited for; in seconds.

    Of the living the kernel's own clock of each process is read, to the nanosecond; of the others its ticks.
    """
    spent = 0.0
    for pid in tree(root):
        fields = _stat(pid)
        try:
            spent += time.clock_gettime_ns(~pid << 3 | _SCHEDULED) / 1e9  # what clock_getcpuclockid(3) makes of a pid
        except OSError:
            continue
        if fields:
            spent += sum(int(field) for field in fields[13:15]) / _TICKS_A_SECOND
    return spent


def _stat(pid: int) -> list[str]:
    """Return /proc/pid/stat from the third field on (the second, the name, may hold anything); empty once gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def tree(root: int) -> list[int]:
    """Return a process and all its living descendants."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: list[str], port: int, folder: Path, *, ready: str, env: dict[str, str], cwd: Path | None = None
) -> Iterator[Running]:
    """Run a server until the block ends, in this tree if ``cwd`` names no other place.

    Raises StartError if ``ready`` is not answered with 200 in time.
    """
    log = folder / "output.log"
    began = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd or _MAIN,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}{ready}", log)
        yield Running(process, port, round((time.perf_counter() - began) * 1000, 1))
    finally:
        _stop(process)


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    ends = time.perf_counter() + START_S_MAX
    while time.perf_counter() < ends:
        if process.poll() is not None:
            raise StartError(f"ended with {process.returncode}: {_end_of(log)}")
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.005)
    raise StartError(f"{url} was not answered with 200 in {START_S_MAX:.0f} s: {_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:].strip()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the process to end; after STOP_S_MAX end it. Children that outlive it are ended too."""
    children = tree(process.pid)[1:]
    process.terminate()
    try:
        process.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in children:
        if _stat(pid):
            os.kill(pid, signal.SIGKILL)
