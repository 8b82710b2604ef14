"""The append-only event log: run record, checkpoint and stream at once, kept in a `Store`.

An event that `append` has returned is durable as its store says; events that wait at the same time share one commit.
"""

import asyncio
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from .event import Event
from .store import SqliteStore, Store

BATCH_MAX = 256

_Waiting = tuple[Event, Future[None]]


class Log:
    """A log in the SQLite file of a path, or in any other store. Close it, or use it in a `with`."""

    def __init__(self, place: Path | str | Store) -> None:
        self._store: Store = SqliteStore(Path(place)) if isinstance(place, Path | str) else place
        self.name = self._store.name
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
        return self._store.events(run, after)

    def runs(self, limit: int = 1_000) -> list[tuple[str, int, str]]:
        """Return the latest runs: id, first instant, the last event's kind."""
        return self._store.runs(limit)

    def keep_key(self, run: str, key: str) -> None:
        """Keep a run's own key, which ends with the run; it stands in no event, so no stream or report shows it."""
        self._store.keep_key(run, key)

    def key(self, run: str) -> str | None:
        """Return a run's own key."""
        return self._store.key(run)

    def close(self) -> None:
        """Write what is handed over, then close."""
        self._waiting.put(None)
        self._writer.join()
        self._store.close()

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
        for batch in self._batches():
            failures = self._store.commit([event for event, _ in batch])
            for (_, done), failure in zip(batch, failures, strict=True):
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
