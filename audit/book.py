"""The book: append a record and be told when it is durable; read what is there.

Promises: an append's future resolves only after its record and its state changes are committed and fsynced; if it
raises, nothing was promised (it may yet be found on the disk after a failed fsync, never half of it). Records keep the
order in which they were appended. One process owns a book in a file, several may share one on a server (place.py); any
number may read it (reader.py).
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from . import store
from .append import Append, BookLimits, Position, Statement
from .errors import BookUnavailable, KeyMissing
from .keyring import NAMES, Keyring, read_payload, shredding, subject_owner
from .lock import FolderLock
from .master import MasterKey
from .note import Signer
from .payload import Payload
from .place import Place, place_of
from .record import repair
from .writer import Writer

_FENCE = "UPDATE book_tip SET generation = generation + 1"


def utc_now_us() -> int:
    """Wall-clock time in µs since 1970 UTC."""
    return time.time_ns() // 1000


class Book:
    """An open book. `append` is for event loops, `append_now` for threads without one; both are safe from any thread.

    A record given to the book is the book's: do not touch the dict again.
    """

    __slots__ = (
        "_erasures", "_gathered", "_keyring", "_limits", "_lock", "_queue", "_reader", "_secrets", "_writer", "origin",
        "place",
    )  # fmt: skip

    def __init__(self, writer: Writer, lock: FolderLock | None, origin: str, master: MasterKey | None) -> None:
        """Use `Book.open`."""
        self.place = writer.place
        self.origin = origin
        self._writer = writer
        self._lock = lock
        self._keyring = None if master is None else Keyring(master)
        self._secrets: dict[str, bytes] = {}
        self._erasures = 0
        self._limits = writer.limits
        self._queue = writer.queue
        self._gathered: dict[asyncio.AbstractEventLoop, list[Append]] = {}
        self._reader = writer.place.connect(read_only=True)

    @classmethod
    def open(
        cls,
        where: Path | Place,
        *,
        signer: Signer,
        origin: str | None = None,
        now_us: Callable[[], int] = utc_now_us,
        limits: BookLimits | None = None,
        schema: Sequence[str] = (),
        master: MasterKey | None = None,
    ) -> Self:
        """Open, or make, the book in a file, whose folder's lock is taken, or at another place.

        `origin` names the log (default: the signer's name); `schema` are statements that make the user's own tables
        (`CREATE … IF NOT EXISTS`); `master` is needed for payloads and pseudonyms. Raises FolderLocked if another
        process owns the folder, BookDamaged if the log does not contain its last signed checkpoint, NoteRefused if
        that was signed by another key, BookUnavailable if its server does not answer.
        """
        place = place_of(where)
        lock = place.own()
        name = origin or signer.name
        try:
            writer = Writer(
                place,
                signer=signer,
                origin=name,
                now_us=now_us,
                limits=limits or BookLimits(),
                schema=schema,
                master=master,
            )
            book = cls(writer, lock, name, master)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        writer.start()
        if writer.left_open:
            reason = "the book was not closed by its last owner; what was committed is whole"
            book.append_now(repair(reason=reason, size=book.size), tenant=None)
        return book

    def append(
        self,
        record: dict[str, Any],
        *,
        tenant: str | None,
        statements: Sequence[Statement] = (),
        payload: Payload | None = None,
        generation: int | None = None,
    ) -> "asyncio.Future[Position]":
        """Queue a record and its state changes; the future resolves on this loop when both are durable.

        Raises BookUnavailable at once if the queue is full or the book is closed. The future raises BookUnavailable
        (the commit failed), RecordRefused, StatementFailed or Fenced (only this append failed; see `fence`).
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Position] = loop.create_future()
        self._gather((record, tenant, statements, payload, generation, future, loop), loop)
        return future

    def append_now(
        self,
        record: dict[str, Any],
        *,
        tenant: str | None,
        statements: Sequence[Statement] = (),
        payload: Payload | None = None,
    ) -> Position:
        """Do the same as `append` from a thread without a loop, and wait."""
        future: Future[Position] = Future()
        self._put((record, tenant, statements, payload, None, future, None))
        return future.result()

    def change(self, statements: Sequence[Statement]) -> "asyncio.Future[None]":
        """Commit state changes that need no record of their own (an expired reply deleted, an id bound)."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._gather((None, None, statements, None, None, future, loop), loop)
        return future

    def change_now(self, statements: Sequence[Statement]) -> None:
        """Do the same as `change` from a thread without a loop, and wait."""
        future: Future[None] = Future()
        self._put((None, None, statements, None, None, future, None))
        future.result()

    async def sign(self) -> None:
        """Sign a checkpoint over all that is durable now, and the heads of its tenants, as `close` does.

        Raises BookUnavailable. Whether it could be signed, `failure` and the next reader say.
        """
        self._writer.sign_now = True
        await self.change(())  # the thread signs behind the group that this is in
        await self.change(())

    async def fence(self) -> int:
        """Begin another generation on a shared log and return its number: appends that name an earlier one are refused.

        What the log has now is all that was ever written under earlier generations.
        """
        await self.change([(_FENCE, ())])
        [(generation,)] = self.query("SELECT generation FROM book_tip")
        return int(generation)

    def secret(self, tenant: str) -> bytes:
        """Return the tenant's secret for `pseudonym`, made at its first use (which then waits for a commit)."""
        if self._erasures != self._writer.erasures:
            self._forget()
        known = self._secrets.get(tenant)
        if known is None:
            keyring = self._keys()
            found = keyring.find(self._reader, tenant, NAMES)
            if found is None:
                self.change_now([keyring.new(tenant, NAMES, utc_now_us())])
                return self.secret(tenant)
            known = self._secrets[tenant] = found[1]
        return known

    def shred(self, tenant: str, subject: str | None = None, *, actor: str, reason: str = "request") -> Position:
        """Destroy the keys of a subject, or of a whole tenant with its pseudonyms, and their payloads; wait for it.

        The log stays whole; the erasure is a record of it. `reason` and `actor` must not be personal data.
        """
        secret = self.secret(tenant)
        owner = None if subject is None else subject_owner(secret, subject)
        which = {"tenant": tenant} if owner is None else {"tenant": tenant, "subject": owner}
        record = {"kind": "erasure", "actor": actor, "reason": reason, "change": which}
        position = self.append_now(record, tenant=tenant, statements=shredding(tenant, owner, utc_now_us()))
        self._forget()
        return position

    def _forget(self) -> None:
        """Drop secrets and keys from memory: some may just have been destroyed, here or by another process."""
        self._erasures = self._writer.erasures
        self._secrets.clear()
        if self._keyring is not None:
            self._keyring.forget()

    def payload(self, index: int) -> bytes:
        """Return the payload of a record; raise Shredded, KeyMissing or BookDamaged if that cannot be."""
        if self._erasures != self._writer.erasures:
            self._forget()
        return read_payload(self._reader, self._keys(), index)

    def _keys(self) -> Keyring:
        if self._keyring is None:
            raise KeyMissing("this book was opened without a master key")
        return self._keyring

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read durable state (blocking, for start-up and commands; not safe from several threads at once)."""
        return self._reader.execute(sql, parameters).fetchall()

    def records(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield (index, body) of the records start … end - 1, as far as they are durable when this is called."""
        stop = store.tree_size(self._reader) if end is None else end
        return store.bodies(self._reader, start, stop)

    @property
    def size(self) -> int:
        """Number of records that are durable or about to be."""
        return self._writer.size

    @property
    def failure(self) -> str | None:
        """Why the last write failed; None if it did not. A later success clears it."""
        return self._writer.failure

    @property
    def queued(self) -> int:
        """Number of appends that wait for the writer."""
        return self._queue.qsize() + sum(map(len, list(self._gathered.values())))

    def close(self) -> None:
        """Write what is queued, sign a last checkpoint, close the file, give up the lock. Twice is harmless."""
        for loop in list(self._gathered):
            self._hand_over(loop)
        self._writer.stop()
        self._reader.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _gather(self, item: Append, loop: asyncio.AbstractEventLoop) -> None:
        """Hand over what one turn of a loop appends together: the thread wakes up once, and finds a larger group."""
        gathered = self._gathered.get(loop)
        if gathered is None:
            self._check_room(0)
            self._gathered[loop] = [item]
            loop.call_soon(self._hand_over, loop)
        else:
            self._check_room(len(gathered))
            gathered.append(item)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        for item in self._gathered.pop(loop, ()):
            self._queue.put(item)
        self._writer.sweep()

    def _put(self, item: Append) -> None:
        self._check_room(0)
        self._queue.put(item)
        self._writer.sweep()

    def _check_room(self, gathered: int) -> None:
        if self._writer.stopped:
            raise BookUnavailable("the book is closed")
        if self._queue.qsize() + gathered >= self._limits.queue_max:
            raise BookUnavailable(f"the book's queue is full: {self._limits.queue_max} records wait to be written")
