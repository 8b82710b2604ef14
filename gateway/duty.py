"""What one process does for all that share a book: anchor it, deliver it, drop what is too old, deny what is late.

    nobody on duty, or whoever was has not said so for 30 s ──▶ the first that asks is ──asks every 10 s──▶ stays

The database's clock decides, so the processes' own need not agree. A process that stood still for longer may finish
what it was doing while another has begun: each duty is one that may happen twice.
"""

import asyncio
import logging
import secrets

from audit.book import Book
from audit.errors import BookError
from audit.place import Place

log = logging.getLogger("tollhouse.duty")

EVERY_S = 10.0
HELD_S = 30

_TAKE = f"""INSERT INTO state_duty VALUES(1, ?, clock_timestamp() + interval '{HELD_S} seconds')
    ON CONFLICT(one) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE state_duty.holder = excluded.holder OR state_duty.until < clock_timestamp()"""
_LEAVE = "DELETE FROM state_duty WHERE holder = ?"
_HOLDER = "SELECT holder FROM state_duty WHERE until > clock_timestamp()"


def always() -> bool:
    """Say that a process that shares nothing is on duty."""
    return True


class Duty:
    """Whether this process is on duty: always, if it shares nothing."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._place: Place | None = book.place if book.place.shared else None
        self._name = secrets.token_hex(8)
        self._task: asyncio.Task[None] | None = None
        self.on = self._place is None

    def __call__(self) -> bool:
        """Tell whether this process is on duty."""
        return self.on

    async def start(self) -> None:
        """Ask for the first time, and go on asking."""
        if self._place is not None:
            await self.ask()
            self._task = asyncio.get_running_loop().create_task(self._every())

    async def stop(self) -> None:
        """Leave it to others at once."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._book.change([(_LEAVE, (self._name,))])
        except BookError as error:
            log.warning("the duty is not left before its time: %s", error)

    async def ask(self) -> None:
        """Ask once; whoever cannot ask is not on duty."""
        try:
            await self._book.change([(_TAKE, (self._name,))])
            holder = await asyncio.to_thread(self._holder)
        except BookError as error:
            log.warning("nobody can say who is on duty: %s", error)
            self.on = False
        else:
            self.on = holder == self._name

    def _holder(self) -> str | None:
        assert self._place is not None  # noqa: S101 - asked only if it is shared
        try:
            db = self._place.connect(read_only=True)
            try:
                row = db.execute(_HOLDER).fetchone()
            finally:
                db.close()
        except self._place.errors as error:
            raise BookError(f"the server does not answer: {error}") from error
        return None if row is None else str(row[0])

    async def _every(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.ask()
