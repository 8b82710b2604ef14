"""Writes records that carry ledger entries and state changes, and lets the ledger apply them once they are durable.

This is the one place where the order of DESIGN §6 is kept: balances rise at once, and fall only when the entry that
lowers them is on disk. If the book cannot be written the entries are not applied: the hold stands, and expires in full.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from audit.book import Book
from audit.errors import BookError
from audit.payload import Payload
from limits.entries import Entry, HoldEntry, to_dict
from limits.seam import Ledger

from .call import Call
from .errors import AuditUnavailable


class Watcher(Protocol):
    """Told of what was written (metrics)."""

    def wrote(self, record: dict[str, Any]) -> None:
        """Take note of a durable record."""
        ...


class Journal:
    """The book and the ledger, kept in step."""

    def __init__(
        self, book: Book, ledger: Ledger, generation_of: Callable[[HoldEntry], int | None] | None = None
    ) -> None:
        self.book = book
        self.ledger = ledger
        self._generation_of = generation_of

    async def write(
        self,
        record: dict[str, Any],
        *,
        tenant: str | None,
        entries: Sequence[Entry] = (),
        statements: Sequence[Any] = (),
        payload: Payload | None = None,
    ) -> int:
        """Return the record's index in the book once it is durable; AuditUnavailable if it could not be written."""
        if entries:
            record["ledger"] = [to_dict(entry) for entry in entries]
        try:
            position = await self.book.append(
                record, tenant=tenant, statements=statements, payload=payload, generation=self._generation(entries)
            )
        except BookError as error:
            raise AuditUnavailable(f"the book cannot be written ({error}); nothing is done unrecorded") from error
        for entry in entries:
            self.ledger.apply(entry)
        return position.index

    def _generation(self, entries: Sequence[Entry]) -> int | None:
        """Return under which generation of a shared ledger holds were granted; the book takes none of an older."""
        if self._generation_of is None:
            return None
        granted = [self._generation_of(entry) for entry in entries if isinstance(entry, HoldEntry)]
        return min((each for each in granted if each is not None), default=None)

    async def write_call(self, call: Call, record: dict[str, Any], payload: Payload | None = None) -> int:
        """Write a call's record with the entries and state changes that wait on the call; they are taken off it.

        A cut waits until it is known whether the record is durable: what was written must not be taken for unwritten.
        """
        entries, call.entries = call.entries, []
        statements, call.statements = call.statements, []
        tenant = call.tenant.id if call.tenant is not None else None
        task, call.task = call.task, None
        try:
            return await self.write(record, tenant=tenant, entries=entries, statements=statements, payload=payload)
        except AuditUnavailable:
            call.entries[:0] = entries
            call.statements[:0] = statements
            raise
        finally:
            call.task = task
