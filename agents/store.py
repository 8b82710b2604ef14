"""Where a log keeps its events: the interface, and one SQLite file for any number of runs, processes and threads.

What `commit` has returned for survives the end of the process and of the machine (WAL, synchronous=FULL). `(run, seq)`
is unique: of two processes that drive one run the later commit gets `RunTaken`, before the effect that it announces.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson

from .event import Event

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


class Store(Protocol):
    """What a log needs of the place of its events. `name` is how people know it. Any thread may call."""

    name: str

    def commit(self, events: Sequence[Event]) -> list[Exception | None]:
        """Make events durable; return for each None, or why it is not there."""
        ...

    def events(self, run: str, after: int) -> list[Event]:
        """Return a run's events in their order, those after `seq`."""
        ...

    def runs(self, limit: int) -> list[tuple[str, int, str]]:
        """Return the latest runs: id, first instant, the last event's kind."""
        ...

    def keep_key(self, run: str, key: str) -> None:
        """Keep a run's own key."""
        ...

    def key(self, run: str) -> str | None:
        """Return a run's own key."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def connect(path: Path) -> sqlite3.Connection:
    """Open a file of ours (readable by its owner only), made if it is missing."""
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=BUSY_S_MAX, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class SqliteStore:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._reader = connect(path)
        self._reader.executescript(_SCHEMA)
        self._writer = connect(path)
        self._reading = threading.Lock()

    def commit(self, events: Sequence[Event]) -> list[Exception | None]:
        """Write all in one transaction; an event whose place is taken fails alone. One thread calls this."""
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results: list[Exception | None] = [self._insert(event) for event in events]
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            return [error] * len(events)
        return results

    def events(self, run: str, after: int) -> list[Event]:
        """Return a run's events in their order, those after `seq`."""
        sql = "SELECT run, seq, at_us, kind, body FROM events WHERE run = ? AND seq > ? ORDER BY seq"
        with self._reading:
            rows = self._reader.execute(sql, (run, after)).fetchall()
        return [Event(run, seq, at_us, kind, orjson.loads(body)) for run, seq, at_us, kind, body in rows]

    def runs(self, limit: int) -> list[tuple[str, int, str]]:
        """Return the latest runs: id, first instant, the last event's kind."""
        sql = (
            "SELECT first.run, first.at_us, last.kind FROM events AS first JOIN events AS last ON last.run = first.run"
            " AND last.seq = (SELECT max(seq) FROM events WHERE run = first.run)"
            " WHERE first.seq = 1 ORDER BY first.at_us DESC LIMIT ?"
        )
        with self._reading:
            return self._reader.execute(sql, (limit,)).fetchall()

    def keep_key(self, run: str, key: str) -> None:
        """Keep a run's own key, which ends with the run; it stands in no event, so no stream or report shows it."""
        with self._reading:
            self._reader.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (run, key))

    def key(self, run: str) -> str | None:
        """Return a run's own key."""
        with self._reading:
            row = self._reader.execute("SELECT key FROM keys WHERE run = ?", (run,)).fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
        self._reader.close()

    def _insert(self, event: Event) -> RunTaken | None:
        body: Any = orjson.dumps(dict(event.body)).decode()
        row = (event.run, event.seq, event.at_us, event.kind, body)
        try:
            self._writer.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            return RunTaken(f"another process drives run {event.run}")
        return None
