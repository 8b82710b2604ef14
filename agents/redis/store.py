"""A log's events in Redis: a stream a run, whose entry ids are the events' numbers.

Redis takes no entry whose id is not above the last one's, so of two processes that drive one run the later gets
`RunTaken`, as with a file.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from redis.exceptions import RedisError, ResponseError

from ..event import Event
from ..store import RunTaken
from .place import PREFIX, connect


class RedisStore:
    """The log at a `redis://` address; `prefix` keeps apart what shares one Redis. Raises as `connect` does."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._redis = connect(url)
        self._prefix = prefix
        self.name = f"Redis, {prefix}"

    def commit(self, events: Sequence[Event]) -> list[Exception | None]:
        """Send all at once; an event whose place is taken fails alone."""
        pipeline = self._redis.pipeline(transaction=False)
        for event in events:
            body: dict[Any, Any] = {"at_us": event.at_us, "kind": event.kind, "body": orjson.dumps(dict(event.body))}
            pipeline.xadd(self._stream(event.run), body, id=f"{event.seq}-0")
        for event in events:
            if event.seq == 1:
                pipeline.zadd(f"{self._prefix}:runs", {event.run: event.at_us}, nx=True)
        try:
            results: list[Any] = pipeline.execute(raise_on_error=False)
        except RedisError as error:
            return [error] * len(events)
        return [_failure(event, result) for event, result in zip(events, results, strict=False)]

    def events(self, run: str, after: int) -> list[Event]:
        """Return a run's events in their order, those after `seq`."""
        entries: Any = self._redis.xrange(self._stream(run), min=f"({after}")
        return [
            Event(
                run,
                int(id_.split(b"-")[0]),
                int(fields[b"at_us"]),
                fields[b"kind"].decode(),
                orjson.loads(fields[b"body"]),
            )
            for id_, fields in entries
        ]

    def runs(self, limit: int) -> list[tuple[str, int, str]]:
        """Return the latest runs: id, first instant, the last event's kind."""
        found: Any = self._redis.zrevrange(f"{self._prefix}:runs", 0, limit - 1, withscores=True)
        pipeline = self._redis.pipeline(transaction=False)
        for run, _ in found:
            pipeline.xrevrange(self._stream(run.decode()), count=1)
        last = [entries[0][1][b"kind"].decode() for entries in pipeline.execute()]
        return [(run.decode(), int(at_us), kind) for (run, at_us), kind in zip(found, last, strict=True)]

    def keep_key(self, run: str, key: str) -> None:
        """Keep a run's own key, which ends with the run."""
        self._redis.hset(f"{self._prefix}:keys", run, key)

    def key(self, run: str) -> str | None:
        """Return a run's own key."""
        found: Any = self._redis.hget(f"{self._prefix}:keys", run)
        return None if found is None else found.decode()

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _stream(self, run: str) -> str:
        return f"{self._prefix}:run:{run}"


def _failure(event: Event, result: object) -> Exception | None:
    if isinstance(result, ResponseError) and "equal or smaller" in str(result):
        return RunTaken(f"another process drives run {event.run}")
    return result if isinstance(result, Exception) else None
