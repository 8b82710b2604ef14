"""Has a snapshot of the ledger made whenever the book has grown enough, so that a start never has much to replay.

A process of its own makes it (`gateway.snapshot`): replaying in this one would hold up calls. One that fails is logged
and made up for by a later one; at the end of serving a last one is waited for, for a bounded time.
"""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path

from audit.book import Book

from .snapshot import SNAPSHOT_NAME

log = logging.getLogger("tollhouse.snapshots")

_LOOK_EVERY_S = 10.0
_MAKE_S_MAX = 600.0
_LAST_S_MAX = 5.0


class Snapshots:
    """The snapshots of one book; `size` is the number of records in the newest. For one event loop.

    One is made when the book has `every` records more than the newest, at the end when it has `last` more.
    """

    def __init__(
        self,
        book: Book,
        path: Path,
        secret: bytes,
        size: int,
        *,
        server: str = "",
        every: int = 50_000,
        last: int = 20_000,
    ) -> None:
        """`path` is the book's, `server` the address of the server that it lies on, if it does: then `path` is none."""
        self.size = size
        self._book = book
        self._path = path
        self._said = secret + server.encode()
        self._every = every
        self._last = last
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._look())

    async def stop(self) -> None:
        """End; have a last one made if that spares the next start much."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._book.size - self.size >= self._last:
            await self.make(wait_s_max=_LAST_S_MAX)

    async def _look(self) -> None:
        while True:
            if self._book.size - self.size >= self._every:
                await self.make(wait_s_max=_MAKE_S_MAX)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def make(self, *, wait_s_max: float) -> None:
        """Have one made now; what takes longer, or fails, is ended and logged."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "gateway.snapshot", str(self._path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(wait_s_max):
                said, broken = await process.communicate(self._said)
        except TimeoutError:
            log.warning("%s was not made within %g s; a later one will be", SNAPSHOT_NAME, wait_s_max)
            return
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode:
            why = broken.decode("utf-8", "replace").strip().rpartition("\n")[2]
            log.warning("%s could not be made: %s", SNAPSHOT_NAME, why)
        else:
            self.size = int(said)
