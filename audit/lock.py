"""One owner a folder: an exclusive lock that the kernel releases when its holder dies, however it dies.

Trust: it keeps honest processes apart. It does not keep out someone who can write to the folder.
"""

import fcntl
import os
from pathlib import Path

from .errors import FolderLocked

LOCK_NAME = "owner.lock"


class FolderLock:
    """An exclusive `flock` on `<folder>/owner.lock`, held until `release` or the end of the process."""

    __slots__ = ("_file",)

    def __init__(self, folder: Path) -> None:
        """Take the lock at once; raise FolderLocked, naming the owner's process id, if it is held."""
        path = folder / LOCK_NAME
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(file)
            raise FolderLocked(
                f"{folder} belongs to a running process (pid {owner}); stop it first or give another folder"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file

    def release(self) -> None:
        """Give the lock up. Calling it twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
