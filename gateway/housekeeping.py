"""What must happen now and then: holds expire, strangers are written up, what is over is forgotten."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from limits.entries import ExpireEntry, RefundEntry
from limits.seam import Ledger

from .approvals import Approvals
from .directory import Registry
from .duty import always
from .errors import AuditUnavailable
from .journal import Journal
from .soft_caps import SoftCaps
from .strangers import Strangers

log = logging.getLogger("tollhouse.housekeeping")

_EXPIRE_EVERY_S = 1.0
_WRITE_EVERY_S = 60.0
_ENTRIES_A_RECORD = 200


class Housekeeping:
    """Two loops; a turn that fails because the book cannot be written is made up for by a later one."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        registry: Registry,
        strangers: Strangers,
        *,
        approvals: Approvals | None = None,
        soft_caps: SoftCaps | None = None,
        on_duty: Callable[[], bool] = always,
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._registry = registry
        self._strangers = strangers
        self._approvals = approvals
        self._soft_caps = soft_caps
        self._on_duty = on_duty
        self._tasks: list[asyncio.Task[None]] = []
        self._unwritten: list[ExpireEntry | RefundEntry] = []

    def start(self) -> None:
        """Begin."""
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(_every(_EXPIRE_EVERY_S, self.expire)),
            loop.create_task(_every(_WRITE_EVERY_S, self.minute)),
        ]

    async def stop(self) -> None:
        """End, and write up the last strangers."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        with contextlib.suppress(AuditUnavailable):
            await self._strangers.write()

    async def expire(self) -> None:
        """Charge holds whose time is over in full, and write that down."""
        self._unwritten += await self._ledger.expire()
        while entries := self._unwritten[:_ENTRIES_A_RECORD]:
            record = {"kind": "ledger", "reason": "expired", "actor": "system"}
            await self._journal.write(record, tenant=None, entries=entries)
            del self._unwritten[: len(entries)]
        if self._soft_caps is not None:
            await self._soft_caps.turn()

    async def minute(self) -> None:
        """Write up the strangers; forget what has expired."""
        await self._strangers.write()
        await self._registry.forget_runs()
        if self._approvals is not None and self._on_duty():
            await self._approvals.expire()
        if self._soft_caps is not None:
            await self._soft_caps.minute()
        await self._ledger.forget_runs()


async def _every(wait_s: float, turn: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(wait_s)
        try:
            await turn()
        except AuditUnavailable as error:
            log.warning("housekeeping is late: %s", error.message)
        except Exception:
            log.exception("a turn of the housekeeping broke; the next one tries again")
