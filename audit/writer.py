"""The one thread that writes the book: it takes what has queued up, commits it with one fsync, then tells the callers.

    queue ──▶ group ──▶ BEGIN · each append in turn · leaves · tiles · COMMIT (fsync) ──▶ futures resolved
       ▲                                                   │ fails
       └── whatever arrives meanwhile is the next group    └──▶ the whole group fails, the file is opened anew

An idle book commits at once; under load the group grows by itself. An append's state changes, payload and record come
together or not at all, and never touch the others of their group. Checkpoints are signed over what is already durable,
never over what is about to be.
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from . import store
from .append import Append, BookLimits, Outcome, Position, execute, tell
from .canonical import encode
from .checkpoint import Checkpoint, open_checkpoint
from .errors import BookDamaged, BookError, BookUnavailable, RecordRefused
from .heads import Head
from .keyring import Keyring
from .master import MasterKey
from .merkle import leaf_hash, root_at
from .note import Signer
from .payload import Payload
from .record import SCHEMA_VERSION, check_record, check_tenant
from .tiles import TiledTree, TileNodes

_PUT_PAYLOAD = "INSERT INTO book_payload VALUES(?, ?, ?, ?)"


class Writer:
    """The writing side of one file. Only its thread touches the connection once `start` was called."""

    def __init__(
        self,
        path: Path,
        *,
        signer: Signer,
        origin: str,
        now_us: Callable[[], int],
        limits: BookLimits,
        schema: Sequence[str],
        master: MasterKey | None,
    ) -> None:
        """Open the file, check that it contains its last checkpoint, and be ready to start."""
        self.path = path
        self.limits = limits
        self.queue: SimpleQueue[Append | None] = SimpleQueue()
        self.failure: str | None = None
        self.stopped = False
        self._signer = signer
        self._origin = origin
        self._now_us = now_us
        self._keyring = None if master is None else Keyring(master)
        self._erased = False
        self._db: sqlite3.Connection | None = None
        self._signed_size = 0
        self._signed_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="book-writer", daemon=True)
        db = store.connect(path)
        try:
            store.prepare(db, origin, schema)
            self._load(db)
            self.left_open = store.was_left_open(db)
            store.mark_open(db, is_open=True)
        except BaseException:
            db.close()
            raise
        self._db = db

    @property
    def size(self) -> int:
        """Number of durable records (as of the last commit, when asked from another thread)."""
        return self._tree.edge.size

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

    def _load(self, db: sqlite3.Connection) -> None:
        """Take tree, tenants and time from what is durable; refuse a file that does not contain its last checkpoint."""
        size = store.tree_size(db)
        read = partial(store.read_tile, db)
        self._tree = TiledTree(size, read)
        self._last_us = (
            int(db.execute("SELECT at_us FROM book_leaf WHERE idx = ?", (size - 1,)).fetchone()[0]) if size else 0
        )
        last = store.last_checkpoint(db)
        self._signed_size = 0 if last is None else last[0]
        self._tseq, later = store.tenant_tseqs(db, self._signed_size)
        self._unsigned = dict.fromkeys(later)
        self._changed = dict.fromkeys(later)
        if last is None:
            return
        signed = open_checkpoint(last[1], self._origin, [self._signer.verifier])
        if signed.size > size:
            raise BookDamaged(f"the book has {size} records, its last checkpoint was signed over {signed.size}")
        root = root_at(signed.size, TileNodes(size, read))
        if root != signed.root:
            raise BookDamaged(
                f"the first {signed.size} records have root {root.hex()}, the checkpoint says {signed.root.hex()}"
            )

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
        with contextlib.suppress(sqlite3.Error):
            store.mark_open(self._db, is_open=False)
        self._db.close()

    def _serve(self) -> None:
        queue, group_max = self.queue, self.limits.group_max
        while True:
            group: list[Append] = []
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
            if closing or self._checkpoint_in() == 0:
                self._sign(closing=closing)
            if closing:
                return

    def _checkpoint_in(self) -> float | None:
        """Seconds until a checkpoint is due; None if the tree has not grown since the last one."""
        if self._tree.edge.size == self._signed_size:
            return None
        return max(0.0, self._signed_at + self.limits.checkpoint_every_s - time.monotonic())

    def _write(self, group: list[Append]) -> None:
        outcomes: list[Outcome] = []
        try:
            outcomes = self._commit(group)
            self.failure = None
        except (sqlite3.Error, OSError, BookDamaged) as error:
            self.failure = f"{type(error).__name__}: {error}"
            self._drop()
        finally:
            if not outcomes:
                outcomes = [BookUnavailable(f"the book could not be written: {self.failure}") for _ in group]
            tell(group, outcomes)

    def _commit(self, group: list[Append]) -> list[Outcome]:
        """Write a group durably and return each append's outcome; after a sqlite3.Error nothing may be trusted."""
        db = self._connection()
        self._last_us = at_us = max(self._last_us, self._now_us())
        values: list[Any] = []
        outcomes: list[Outcome] = []
        if not all(append[0] and not append[2] and append[3] is None for append in group):
            db.execute("BEGIN IMMEDIATE")
        for append in group:
            try:
                outcomes.append(self._place(db, append, at_us, values))
            except BookError as error:
                outcomes.append(error)
        changed = self._tree.take_changed()
        alone = not changed and len(group) <= store.LEAVES_AT_ONCE_MAX
        if not alone and not db.in_transaction:
            db.execute("BEGIN IMMEDIATE")
        store.insert_leaves(db, values)  # alone, it commits by itself: waking up once instead of thrice
        if changed:
            store.put_tiles(db, changed)
        if db.in_transaction:
            db.execute("COMMIT")
        if self._erased:
            self._wipe(db)
        return outcomes

    def _place(self, db: sqlite3.Connection, append: Append, at_us: int, values: list[Any]) -> Position | None:
        """Give one append its place in the group, its statements executed."""
        record, tenant, statements, payload, _, _ = append
        body = b""
        tseq: int | None = None
        if record is not None:
            check_record(record)
            record["v"] = SCHEMA_VERSION
            record["at"] = at_us
            if tenant is not None:
                if tenant not in self._tseq:
                    check_tenant(tenant)
                tseq = self._tseq.get(tenant, 0) + 1
                record["tenant"] = tenant
                record["tseq"] = tseq
            if payload is not None:
                sealed = self._seal(db, tenant, payload, at_us)
                record["payload"] = {"bytes": len(payload.content), "commitment": sealed[1]}
                statements = [*statements, (_PUT_PAYLOAD, (self._tree.edge.size, sealed[0], at_us, sealed[2]))]
            body = encode(record)
        if statements:
            execute(db, statements)
        if record is None:
            return None
        if record["kind"] == "erasure":
            self._erased = True
        leaf = leaf_hash(body)
        index = self._tree.edge.size
        self._tree.append(leaf)
        if tenant is not None and tseq is not None:
            self._tseq[tenant] = tseq
            self._changed[tenant] = None
        values += (index, leaf, body, at_us, record["kind"], tenant, tseq, record.get("run"))
        return Position(index, leaf, tseq)

    def _seal(self, db: sqlite3.Connection, tenant: str | None, payload: Payload, at_us: int) -> tuple[int, str, bytes]:
        if self._keyring is None or tenant is None:
            raise RecordRefused("a payload is kept only with a tenant, and in a book that has a master key")
        return self._keyring.seal(db, tenant, payload, at_us)

    def _wipe(self, db: sqlite3.Connection) -> None:
        """Leave no destroyed key in memory or in the write-ahead log; if a reader is in the way, at the next commit."""
        if self._keyring is not None:
            self._keyring.forget()
        with contextlib.suppress(sqlite3.OperationalError):
            store.write_through(db)
            self._erased = False

    def _sign(self, *, closing: bool) -> None:
        """Sign a checkpoint over what is durable and heads of the tenants that wrote since the last one."""
        self._signed_at = time.monotonic()
        try:
            db = self._connection()
            size, root = self._tree.edge.size, self._tree.edge.root()
            if size == self._signed_size:
                return
            note = Checkpoint(self._origin, size, root).sign(self._signer).encode()
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO book_checkpoint VALUES(?, ?, ?)", (size, self._last_us, note))
            store.put_tenants(db, {tenant: self._tseq[tenant] for tenant in self._changed}, size)
            unsigned = {**self._unsigned, **self._changed}
            for tenant in islice(unsigned, None if closing else self.limits.heads_max):
                head = Head(self._origin, tenant, self._tseq[tenant], size, root)
                row = (tenant, head.tseq, size, head.sign(self._signer).encode())
                db.execute("INSERT OR REPLACE INTO book_head VALUES(?, ?, ?, ?)", row)
            db.execute("COMMIT")
        except (sqlite3.Error, OSError, BookDamaged) as error:
            self.failure = f"{type(error).__name__}: {error}"
            self._drop()
        else:
            self._signed_size = size
            self._changed = {}
            self._unsigned = {} if closing else dict.fromkeys(islice(unsigned, self.limits.heads_max, None))

    def _connection(self) -> sqlite3.Connection:
        """Return the open connection; after a failure, open the file anew and take everything from what is durable."""
        if self._db is None:
            db = store.connect(self.path)
            try:
                store.write_through(db)
                self._load(db)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _drop(self) -> None:
        """Give the connection up after a failure: what it believes may not be what is on the disk."""
        if self._keyring is not None:
            self._keyring.forget()
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
