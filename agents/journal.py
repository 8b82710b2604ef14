"""One run's end of the log: numbers events, folds them, writes them, and wakes who follows the stream."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

from .clock import Clock
from .event import Event, Note
from .log import Log
from .state import State, note_key


class Journal:
    """For one process and one event loop; another process that writes the same run makes `write` fail."""

    def __init__(self, run: str, log: Log, clock: Clock, state: State | None = None) -> None:
        self.run = run
        self.state = state or State()
        self._log = log
        self._clock = clock
        self._notes_before = Counter(self.state.notes)
        self._more = asyncio.Event()
        self._over = False

    async def write(self, kind: str, **body: Any) -> Event:
        """Append an event; it is durable when this returns."""
        event = self._next(kind, body)
        await self._log.append(event)
        return event

    def write_now(self, kind: str, **body: Any) -> Event:
        """Append an event without awaiting, for a task that is being cancelled."""
        event = self._next(kind, body)
        self._log.put(event).result()
        return event

    async def note(self, note: Note) -> None:
        """Append a note, unless an earlier life of this run has written it."""
        body = note.body()
        key = note_key(note.kind, body)
        if self._notes_before[key]:
            self._notes_before[key] -= 1
            if note.kind == "answer":
                self.state.answer = self.state.partial = note.text
            return
        await self.write(note.kind, **body)

    def close(self) -> None:
        """Let who follows the stream go: nothing more is written here."""
        self._over = True
        self._more.set()

    def _next(self, kind: str, body: dict[str, Any]) -> Event:
        event = Event(self.run, len(self.state.events) + 1, self._clock.utc_us(), kind, body)
        self.state.take(event)
        self._more.set()
        return event

    async def follow(self, after: int = 0) -> AsyncGenerator[Event, None]:
        """Yield events as they come, until the run ends; only one may follow at a time."""
        at = after
        while True:
            self._more.clear()
            events = self.state.events
            while at < len(events):
                yield events[at]
                at += 1
            if self.state.status is not None or self._over:
                return
            await self._more.wait()
