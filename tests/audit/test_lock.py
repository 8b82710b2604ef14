"""One owner a folder: for as long as its process lives, and not a moment longer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audit.errors import FolderLocked
from audit.lock import LOCK_NAME, FolderLock
from tests.audit.opening import open_book

HOLD = """
import sys, time
from pathlib import Path
from audit.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with open_book(tmp_path) as book:
        with pytest.raises(FolderLocked, match=rf"belongs to a running process \(pid {os.getpid()}\)"):
            open_book(tmp_path)
        assert book.failure is None


def test_a_released_lock_can_be_taken_again_and_releasing_twice_takes_nothing_from_the_next(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    first.release()
    second = FolderLock(tmp_path)
    first.release()
    with pytest.raises(FolderLocked):
        FolderLock(tmp_path)
    second.release()


def test_the_lock_of_a_killed_process_is_free_and_its_pid_is_replaced(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(FolderLocked, match=rf"pid {child.pid}\)"):
            FolderLock(tmp_path)
        child.send_signal(signal.SIGKILL)
    mine = FolderLock(tmp_path)
    assert (tmp_path / LOCK_NAME).read_text() == f"{os.getpid()}\n"
    mine.release()


def test_an_owner_that_left_no_number_is_called_unknown_and_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    held = FolderLock(tmp_path)
    assert (tmp_path / LOCK_NAME).stat().st_mode & 0o777 == 0o600
    (tmp_path / LOCK_NAME).write_text("")
    with pytest.raises(FolderLocked, match=r"pid unknown"):
        FolderLock(tmp_path)
    held.release()
