"""The append-only event log: one SQLite file for any number of runs, processes and threads.

An event that `append` has returned survives the end of the process and of the machine (WAL, synchronous=FULL); events
that wait at the same time share one commit. `(run, seq)` is unique: of two processes that drive one run the later
append fails with `RunTaken`, before the effect it announces, so none does anything twice.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from .event import Event

BATCH_MAX = 256
BUSY_S_MAX = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL, seq INTEGER NOT NULL, at_us INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS keys (run TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


class RunTaken(Exception):
    """Another process drives this run."""


_Waiting = tuple[Event, Future[None]]


def connect(path: Path) -> sqlite3.Connection:
    """Open a file of ours (readable by its owner only), made if it is missing."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=BUSY_S_MAX, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class Log:
    """The file at `path`. Close it, or use it in a `with`."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection = connect(self.path)
        self._connection.executescript(_SCHEMA)
        self._reading = threading.Lock()
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="agents-log", daemon=True)
        self._writer.start()

    def put(self, event: Event) -> Future[None]:
        """Hand over an event; the future is done when it is durable, or fails with `RunTaken`."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # an event that was handed over is written, whoever stops waiting for it
        self._waiting.put((event, done))
        return done

    async def append(self, event: Event) -> None:
        """Write an event and wait until it is durable; a caller that is cancelled takes nothing back."""
        await asyncio.wrap_future(self.put(event))

    def events(self, run: str, after: int = 0) -> list[Event]:
        """Return a run's events in their order, those after `seq`."""
        sql = "SELECT run, seq, at_us, kind, body FROM events WHERE run = ? AND seq > ? ORDER BY seq"
        with self._reading:
            rows = self._connection.execute(sql, (run, after)).fetchall()
        return [Event(run, seq, at_us, kind, orjson.loads(body)) for run, seq, at_us, kind, body in rows]

    def runs(self, limit: int = 1_000) -> list[tuple[str, int, str]]:
        """Return the latest runs: id, first instant, the last event's kind."""
        sql = (
            "SELECT first.run, first.at_us, last.kind FROM events AS first JOIN events AS last ON last.run = first.run"
            " AND last.seq = (SELECT max(seq) FROM events WHERE run = first.run)"
            " WHERE first.seq = 1 ORDER BY first.at_us DESC LIMIT ?"
        )
        with self._reading:
            return self._connection.execute(sql, (limit,)).fetchall()

    def keep_key(self, run: str, key: str) -> None:
        """Keep a run's own key, which ends with the run; it stands in no event, so no stream or report shows it."""
        with self._reading:
            self._connection.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (run, key))

    def key(self, run: str) -> str | None:
        """Return a run's own key."""
        with self._reading:
            row = self._connection.execute("SELECT key FROM keys WHERE run = ?", (run,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Write what is handed over, then close."""
        self._waiting.put(None)
        self._writer.join()
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _batches(self) -> Iterator[list[_Waiting]]:
        open_ = True
        while open_:
            batch: list[_Waiting] = []
            first = self._waiting.get()
            while first is not None:
                batch.append(first)
                if len(batch) == BATCH_MAX:
                    break
                try:
                    first = self._waiting.get_nowait()
                except queue.Empty:
                    break
            open_ = first is not None
            if batch:
                yield batch

    def _write(self) -> None:
        with contextlib.closing(connect(self.path)) as connection:
            for batch in self._batches():
                _commit(connection, batch)


def _commit(connection: sqlite3.Connection, batch: list[_Waiting]) -> None:
    """Write a batch in one transaction; an event whose place is taken fails alone."""
    results: list[tuple[Future[None], Exception | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        results += [(done, _insert(connection, event)) for event, done in batch]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        results = [(done, error) for _, done in batch]
    for done, failure in results:
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(failure)


def _insert(connection: sqlite3.Connection, event: Event) -> RunTaken | None:
    body: Any = orjson.dumps(dict(event.body)).decode()
    row = (event.run, event.seq, event.at_us, event.kind, body)
    try:
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError:
        return RunTaken(f"another process drives run {event.run}")
    return None
