"""The one thread that writes the book: it takes what has queued up, commits it with one fsync, then tells the callers.

    queue ──▶ group ──▶ BEGIN · each append in turn · leaves · tiles · COMMIT (fsync) ──▶ futures resolved
       ▲                                                   │ fails
       └── whatever arrives meanwhile is the next group    └──▶ the whole group fails, the file is opened anew

An idle book commits at once; under load the group grows by itself, and for `gather_s` more. An append's state changes,
payload and record come together or not at all, and never touch the others of their group. Checkpoints are signed over
what is already durable, never over what is about to be.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from . import store
from .append import Append, BookLimits, Outcome, Position, execute, tell
from .canonical import encode
from .database import Database
from .errors import BookError, BookUnavailable, Fenced, RecordRefused
from .keyring import Keyring
from .log import FOLLOWED_MAX, NOTHING, Log
from .master import MasterKey
from .merkle import leaf_hash
from .note import Signer
from .payload import Payload
from .place import Place, Tip
from .record import SCHEMA_VERSION, check_record, check_tenant

_PUT_PAYLOAD = "INSERT INTO book_payload VALUES(?, ?, ?, ?)"


class Writer:
    """The writing side of one log. Only its thread touches the connection once `start` was called."""

    def __init__(
        self,
        place: Place,
        *,
        signer: Signer,
        origin: str,
        now_us: Callable[[], int],
        limits: BookLimits,
        schema: Sequence[str],
        master: MasterKey | None,
    ) -> None:
        """Open the log, check that it contains its last checkpoint, and be ready to start."""
        self.place = place
        self.limits = limits
        self.queue: SimpleQueue[Append | None] = SimpleQueue()
        self.failure: str | None = None
        self.stopped = False
        self.sign_now = False
        self._signer = signer
        self._origin = origin
        self._now_us = now_us
        self._keyring = None if master is None else Keyring(master)
        self._erased = False
        self.erasures = 0
        self._generation = 0
        self._db: Database | None = None
        self._signed_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="book-writer", daemon=True)
        db = place.connect()
        try:
            place.prepare(db, origin, schema)
            self._log = self._read(db, NOTHING)
            self.left_open = not place.shared and store.was_left_open(db)
            if not place.shared:
                store.mark_open(db, is_open=True)
        except BaseException:
            db.close()
            raise
        self._db = db

    @property
    def size(self) -> int:
        """Number of durable records (as of the last commit, when asked from another thread)."""
        return self._log.size

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is queued, sign a last checkpoint, end the thread and close the file."""
        if not self.stopped:
            self.queue.put(None)
        self._thread.join(self.limits.close_wait_s)
        if self._thread.is_alive():
            raise BookUnavailable(f"the book still writes after {self.limits.close_wait_s} s; it stays locked")

    def _read(self, db: Database, told: Tip) -> Log:
        """Read the log as it is durable; on a shared log nobody writes meanwhile."""
        tip = self.place.begin(db)
        log = Log(db, self._signer, self._origin, told)
        if tip is not None:
            log.check(tip)
        db.execute("COMMIT")
        return log

    def _begin(self, db: Database) -> Tip | None:
        """Begin a transaction; on a shared log it is this writer's turn now, and it takes in what others wrote."""
        tip = self.place.begin(db)
        if tip is not None:
            if tip.size - self._log.size > FOLLOWED_MAX:
                self._log = Log(db, self._signer, self._origin, self._log.told)
                self._forget()
            if self._log.follow(db, tip):
                self._forget()
            self._generation = tip.generation
        return tip

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self.stopped = True
            self.fail_queued()
            self._close()

    def _close(self) -> None:
        """Close the file; a book that could not be taken up again after a failure does not count as closed."""
        if self._db is None:
            return
        with contextlib.suppress(self.place.errors):
            if not self.place.shared:
                store.mark_open(self._db, is_open=False)
        self._db.close()

    def _serve(self) -> None:
        queue, group_max = self.queue, self.limits.group_max
        group: list[Append] = []
        while True:
            if len(group) > 1:
                time.sleep(self.limits.gather_s)
            group = []
            closing = False
            with contextlib.suppress(Empty):
                item = queue.get(timeout=self._checkpoint_in())
                while item is not None:
                    group.append(item)
                    if len(group) == group_max:
                        break
                    item = queue.get_nowait()
                closing = item is None
            if group:
                self._write(group)
            if closing or self.sign_now or self._checkpoint_in() == 0:
                closes, self.sign_now = closing or self.sign_now, False
                self._sign(closing=closes)
            if closing:
                return

    def _checkpoint_in(self) -> float | None:
        """Seconds until a checkpoint is due; None if the tree, which is not shared, has not grown since."""
        if self._log.size == self._log.signed_size and not self.place.shared:
            return None
        return max(0.0, self._signed_at + self.limits.checkpoint_every_s - time.monotonic())

    def _write(self, group: list[Append]) -> None:
        outcomes: list[Outcome] = []
        try:
            outcomes = self._commit(group)
            self.failure = None
        except (self.place.errors, OSError, BookError) as error:
            self.failure = f"{type(error).__name__}: {error}"
            self._drop()
        finally:
            if not outcomes:
                outcomes = [BookUnavailable(f"the book could not be written: {self.failure}") for _ in group]
            tell(group, outcomes)

    def _commit(self, group: list[Append]) -> list[Outcome]:
        """Write a group durably and return each append's outcome; after a database error nothing may be trusted."""
        db = self._connection()
        values: list[Any] = []
        outcomes: list[Outcome] = []
        if self.place.shared or not all(append[0] and not append[2] and append[3] is None for append in group):
            self._begin(db)
        self._log.last_us = at_us = max(self._log.last_us, self._now_us())
        for append in group:
            try:
                outcomes.append(self._place(db, append, at_us, values))
            except BookError as error:
                outcomes.append(error)
        changed = self._log.tree.take_changed()
        alone = not changed and len(group) <= store.LEAVES_AT_ONCE_MAX
        if not alone and not db.in_transaction:
            self._begin(db)
        store.insert_leaves(db, values)  # alone, it commits by itself: waking up once instead of thrice
        if changed:
            store.put_tiles(db, changed)
        if db.in_transaction:
            self._finish(db)
        if self._erased:
            self._wipe(db)
        return outcomes

    def _finish(self, db: Database) -> None:
        """Commit; on a shared log, remember what callers are told now: it must never be missing later."""
        tip = self._log.tip() if self.place.shared else NOTHING
        self.place.commit(db, tip)
        self._log.told = tip

    def _place(self, db: Database, append: Append, at_us: int, values: list[Any]) -> Position | None:
        """Give one append its place in the group, its statements executed."""
        record, tenant, statements, payload, generation, _, _ = append
        body = b""
        tseq: int | None = None
        if generation is not None and generation < self._generation:
            raise Fenced(
                f"granted under generation {generation}, the book is at {self._generation}: nothing is written"
            )
        if record is not None:
            check_record(record)
            record["v"] = SCHEMA_VERSION
            record["at"] = at_us
            if tenant is not None:
                if tenant not in self._log.tseq:
                    check_tenant(tenant)
                tseq = self._log.tseq.get(tenant, 0) + 1
                record["tenant"] = tenant
                record["tseq"] = tseq
            if payload is not None:
                sealed = self._seal(db, tenant, payload, at_us)
                record["payload"] = {"bytes": len(payload.content), "commitment": sealed[1]}
                statements = [*statements, (_PUT_PAYLOAD, (self._log.size, sealed[0], at_us, sealed[2]))]
            body = encode(record)
        if statements:
            execute(db, statements, self.place.errors)
        if record is None:
            return None
        if record["kind"] == "erasure":
            self._erased = True
        leaf = leaf_hash(body)
        index = self._log.size
        self._log.add(leaf, tenant, tseq)
        values += (index, leaf, body, at_us, record["kind"], tenant, tseq, record.get("run"))
        return Position(index, leaf, tseq)

    def _seal(self, db: Database, tenant: str | None, payload: Payload, at_us: int) -> tuple[int, str, bytes]:
        if self._keyring is None or tenant is None:
            raise RecordRefused("a payload is kept only with a tenant, and in a book that has a master key")
        return self._keyring.seal(db, tenant, payload, at_us)

    def _wipe(self, db: Database) -> None:
        """Leave no destroyed key in memory or in the write-ahead log; if a reader is in the way, at the next commit."""
        self._forget()
        with contextlib.suppress(self.place.errors):
            self.place.write_through(db)
            self._erased = False

    def _forget(self) -> None:
        """Drop the keys in memory; `erasures` tells others that theirs may be destroyed too."""
        self.erasures += 1
        if self._keyring is not None:
            self._keyring.forget()

    def _sign(self, *, closing: bool) -> None:
        """Sign a checkpoint over what is durable and heads of the tenants that wrote since the last one."""
        self._signed_at = time.monotonic()
        try:
            db = self._connection()
            tip = self._begin(db)
            just_signed = tip is not None and tip.signed_age_s < self.limits.checkpoint_every_s
            if self._log.size == self._log.signed_size or (just_signed and not closing):
                db.execute("ROLLBACK")
            else:
                self._log.sign(db, None if closing else self.limits.heads_max)
                self._finish(db)
            self.failure = None
        except (self.place.errors, OSError, BookError) as error:
            self.failure = f"{type(error).__name__}: {error}"
            self._drop()

    def _connection(self) -> Database:
        """Return the open connection; after a failure, connect anew and take everything from what is durable."""
        if self._db is None:
            db = self.place.connect()
            try:
                self.place.recover(db)
                self._log = self._read(db, self._log.told)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _drop(self) -> None:
        """Give the connection up after a failure: what it believes may not be what is on the disk."""
        self._forget()
        if self._db is not None:
            self._db.close()
            self._db = None

    def sweep(self) -> None:
        """Fail what was queued after the thread had looked for the last time: nobody else would tell those callers."""
        if self.stopped:
            self.fail_queued()

    def fail_queued(self) -> None:
        """Tell everybody who still waits that the book is closed."""
        group: list[Append] = []
        with contextlib.suppress(Empty):
            while True:
                item = self.queue.get_nowait()
                if item is not None:
                    group.append(item)
        tell(group, [BookUnavailable("the book is closed") for _ in group])
