"""Erasure, legal hold and retention while the gateway is served: what the operator asks for, and what time asks for.

With a subject or tenant also go the replies and placeholders that `state` holds for a while for that tenant: nobody can
tell whose they are without opening them.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from audit.book import Book
from audit.errors import BookError
from audit.keeping import Keeping, OnHold
from limits.clock import Clock

from .config import Config
from .duty import always
from .errors import AuditUnavailable, NotAllowed

log = logging.getLogger("tollhouse.keeper")

_EVERY_S = 3_600.0
_FORGET: Sequence[str] = (
    "DELETE FROM state_reply WHERE key IN (SELECT id FROM state_key WHERE tenant = ?)",
    "DELETE FROM state_vault WHERE tenant = ?",
    "DELETE FROM state_approval WHERE tenant = ? AND status <> 'pending'",
)


class Keeper:
    """Keeps and destroys for one book; the book is asked in a thread, because it waits for the disk."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        *,
        days: Mapping[str, int],
        default_days: int,
        on_duty: Callable[[], bool] = always,
    ) -> None:
        self._book = book
        self._keeping = Keeping(book)
        self._clock = clock
        self._days = days
        self._on_duty = on_duty
        self._default_days = default_days
        self._one_by_one = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def shred(self, actor: str, tenant: str, subject: str | None, reason: str) -> int:
        """Destroy what is kept of a subject or tenant; return the record that says so. NotAllowed under legal hold."""
        async with self._one_by_one:
            return await asyncio.to_thread(self._shred, actor, tenant, subject, reason)

    def _shred(self, actor: str, tenant: str, subject: str | None, reason: str) -> int:
        try:
            if tenant not in self._keeping.holds():
                self._book.change_now([(sql, (tenant,)) for sql in _FORGET])
            return self._keeping.shred(tenant, subject, actor=actor, reason=reason)
        except OnHold as held:
            raise NotAllowed(str(held), param="tenant") from held
        except BookError as error:
            raise AuditUnavailable(f"nothing was destroyed: {error}") from error

    async def hold(self, actor: str, tenant: str, *, on: bool) -> int | None:
        """Put a tenant under legal hold or lift it; return since when it is held (µs UTC), None if it is not."""
        async with self._one_by_one:
            try:
                await asyncio.to_thread(self._keeping.hold, tenant, on=on, actor=actor, at_us=self._clock.utc_us())
            except BookError as error:
                raise AuditUnavailable(f"the hold was not changed: {error}") from error
            return self._keeping.holds().get(tenant)

    async def drop_old(self) -> dict[str, int]:
        """Drop payloads that are older than their tenant's days; return how many by tenant."""
        async with self._one_by_one:
            return await asyncio.to_thread(self._keeping.drop_old, self._days, self._default_days, self._clock.utc_us())

    def start(self) -> None:
        """Begin dropping, now and every hour."""
        self._task = asyncio.get_running_loop().create_task(self._every())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _every(self) -> None:
        while True:
            try:
                dropped = await self.drop_old() if self._on_duty() else {}
            except BookError as error:
                log.warning("retention is late: %s", error)
            else:
                for tenant, count in dropped.items():
                    log.info("retention dropped %d contents of tenant %s", count, tenant)
            await asyncio.sleep(_EVERY_S)


def keeper_of(config: Config, book: Book, clock: Clock, on_duty: Callable[[], bool] = always) -> Keeper:
    """Return the keeper that a configuration asks for."""
    days = {each.name: each.payload_days for each in config.tenants if each.payload_days is not None}
    return Keeper(book, clock, days=days, default_days=config.retention.payload_days, on_duty=on_duty)
