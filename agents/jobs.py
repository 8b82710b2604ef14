"""A queue of runs for any number of worker processes: the interface, and the queue in the log's own file.

    queued → running (leased) → done        a lease that nobody renews runs out, and another worker goes on with the run
A job that took down TRIES_MAX workers is given up: it would take down all of them.
"""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import orjson

from .clock import Clock, SystemClock
from .store import connect

LEASE_S = 15.0
TRIES_MAX = 5
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, ref TEXT NOT NULL, task TEXT NOT NULL, budget TEXT NOT NULL, state TEXT NOT NULL,
    run TEXT, worker TEXT, lease_us INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, result TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (state, lease_us) WHERE state <> 'done';
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to be made: `run` is set once it was begun, `tries` counts the workers that took it."""

    id: int
    ref: str
    task: str
    budget: dict[str, Any]
    run: str | None
    tries: int


class Queue(Protocol):
    """What a worker needs of one. `lease_s` bounds how long a crashed worker's run lies still. Any thread may call."""

    lease_s: float

    def put(self, ref: str, task: str, budget: dict[str, Any]) -> int:
        """Add a job and return its number; it is durable when this returns."""
        ...

    def take(self, worker: str, number: int) -> list[Job]:
        """Lease up to `number` jobs that are queued, or whose worker's lease has run out."""
        ...

    def renew(self, worker: str) -> set[int]:
        """Lengthen the leases of a worker's running jobs; return their numbers."""
        ...

    def begun(self, job: Job, run: str) -> None:
        """Note which run a job became."""
        ...

    def done(self, job: Job, worker: str, result: dict[str, Any]) -> bool:
        """Note how a job ended; False if it is another worker's by now."""
        ...

    def release(self, job: Job, worker: str) -> None:
        """Give a job back as it stands, without counting it as a failed try."""
        ...

    def states(self) -> dict[str, int]:
        """Return how many jobs there are of each state (queued, running, done), those of none left out."""
        ...

    def result(self, number: int) -> dict[str, Any] | None:
        """Return how a job ended, None if it has not."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Jobs:
    """The queue in the file at `path`. `lease_s` bounds how long a crashed worker's run lies still."""

    def __init__(self, path: Path | str, *, clock: Clock | None = None, lease_s: float = LEASE_S) -> None:
        self.lease_s = lease_s
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._connection = connect(Path(path))
        self._connection.executescript(_SCHEMA)

    def put(self, ref: str, task: str, budget: dict[str, Any]) -> int:
        """Add a job and return its number; it is durable when this returns."""
        row = (ref, task, orjson.dumps(budget).decode())
        sql = "INSERT INTO jobs (ref, task, budget, state) VALUES (?, ?, ?, 'queued') RETURNING id"
        return int(self._all(sql, row)[0][0])

    def take(self, worker: str, number: int) -> list[Job]:
        """Lease up to `number` jobs that are queued, or whose worker's lease has run out; oldest first."""
        now = self._clock.utc_us()
        sql = (
            "UPDATE jobs SET state = 'running', worker = ?, lease_us = ?, tries = tries + 1 WHERE id IN ("
            " SELECT id FROM jobs WHERE state IN ('queued', 'running') AND lease_us < ? ORDER BY id LIMIT ?)"
            " RETURNING id, ref, task, budget, run, tries"
        )
        rows = self._all(sql, (worker, now + self._lease_us(), now, number))
        return [Job(id_, ref, task, orjson.loads(budget), run, tries) for id_, ref, task, budget, run, tries in rows]

    def renew(self, worker: str) -> set[int]:
        """Lengthen the leases of a worker's running jobs; return their numbers."""
        sql = "UPDATE jobs SET lease_us = ? WHERE worker = ? AND state = 'running' RETURNING id"
        return {id_ for (id_,) in self._all(sql, (self._clock.utc_us() + self._lease_us(), worker))}

    def begun(self, job: Job, run: str) -> None:
        """Note which run a job became."""
        self._all("UPDATE jobs SET run = ? WHERE id = ?", (run, job.id))

    def done(self, job: Job, worker: str, result: dict[str, Any]) -> bool:
        """Note how a job ended; False if it is another worker's by now."""
        sql = "UPDATE jobs SET state = 'done', result = ? WHERE id = ? AND worker = ? AND state <> 'done' RETURNING id"
        return bool(self._all(sql, (orjson.dumps(result).decode(), job.id, worker)))

    def release(self, job: Job, worker: str) -> None:
        """Give a job back as it stands, without counting it as a failed try."""
        sql = "UPDATE jobs SET state = 'queued', lease_us = 0, tries = tries - 1 WHERE id = ? AND worker = ?"
        self._all(sql, (job.id, worker))

    def states(self) -> dict[str, int]:
        """Return how many jobs there are of each state."""
        return dict(self._all("SELECT state, count(*) FROM jobs GROUP BY state", ()))

    def result(self, number: int) -> dict[str, Any] | None:
        """Return how a job ended, None if it has not."""
        rows = self._all("SELECT result FROM jobs WHERE id = ?", (number,))
        return orjson.loads(rows[0][0]) if rows and rows[0][0] else None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _lease_us(self) -> int:
        return round(self.lease_s * 1e6)

    def _all(self, sql: str, row: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            cursor: sqlite3.Cursor = self._connection.execute(sql, row)
            return cursor.fetchall()
