"""Pushes records to receivers elsewhere: at least once each, in the book's order, never in a call's way.

    book ──batch from the cursor──▶ POST ──2xx──▶ cursor moves, durable ──▶ next batch
                                     └──else, or no answer──▶ wait, ever longer, a minute at most ──▶ same batch

The reader is its own: a receiver that is slow or gone costs a lag in the metrics and nothing else. A batch whose answer
was lost comes again: receivers drop what they have by `index`. With `attempts_max` a batch that is refused so often is
left out, and counted. What is sent is what the leaf says, so it holds no
personal data; contents beside the log are never sent.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

import httpx
import orjson

from audit.book import Book
from audit.errors import BookError
from audit.place import Place
from audit.reader import Reader
from limits.clock import Clock

from .config.delivery import DeliverySettings
from .duty import always
from .signature import signed, signing_key

log = logging.getLogger("tollhouse.delivery")

_BACK_OFF_S_MAX = 60.0
_OK = range(200, 300)
_SEVERITY = {"refusal": (13, "WARN"), "repair": (13, "WARN"), "erasure": (9, "INFO")}
_CURSOR = "SELECT size FROM state_delivery WHERE name = ?"
_MOVE = "INSERT INTO state_delivery VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET size = excluded.size"

Batch = list[tuple[int, bytes]]


class Receiver:
    """One receiver and its cursor: the number of records that it has."""

    def __init__(
        self, settings: DeliverySettings, book: Book, clock: Clock, on_duty: Callable[[], bool] = always
    ) -> None:
        self.name = settings.name
        self.size = 0
        self.seen = 0
        self.failed = 0
        self._settings = settings
        self._book = book
        self._clock = clock
        self._on_duty = on_duty
        self._kinds = frozenset(settings.kinds)
        self._write = as_otlp if settings.format == "otlp" else as_json
        self.dropped = 0
        self._refused = 0
        self._key = None if settings.secret is None else signing_key(settings.secret.reveal())
        self._token = None if settings.token is None else settings.token.reveal()

    def recall(self) -> None:
        """Take the cursor up where it was."""
        rows = self._book.query(_CURSOR, (self.name,))
        self.size = int(rows[0][0]) if rows else 0

    async def turn(self, http: httpx.AsyncClient) -> bool:
        """Deliver one batch; tell whether there was one. Raises httpx.HTTPError, BookError."""
        batch, end = await asyncio.to_thread(self._next, self._book.place)
        if end == self.size:
            return False
        if batch:
            headers = {"content-type": "application/json"}
            if self._token is not None:
                headers["authorization"] = f"Bearer {self._token}"
            body = self._write(self._book.origin, batch)
            headers |= signed(self._key, f"records_{self.size}_{end}", body, self._clock.utc_us())
            answer = await http.post(
                self._settings.url, content=body, headers=headers, timeout=self._settings.wait_s_max
            )
            if answer.status_code not in _OK:
                raise httpx.HTTPStatusError(f"status {answer.status_code}", request=answer.request, response=answer)
        await self._move(end)
        return True

    async def _move(self, end: int) -> None:
        await self._book.change([(_MOVE, (self.name, end))])
        self.size = end
        self._refused = 0

    async def give_up(self) -> None:
        """Count a batch that was not taken; leave it out, and say so, if that was as often as policy bears."""
        self.failed += 1
        self._refused += 1
        limit = self._settings.attempts_max
        if limit is None or self._refused < limit:
            return
        batch, end = await asyncio.to_thread(self._next, self._book.place)
        self.dropped += len(batch)
        log.error("%d records were not taken by %s in %d attempts and are left out", len(batch), self.name, limit)
        await self._move(end)

    async def run(self) -> None:
        """Deliver for ever."""
        wait_s = self._settings.every_s
        is_known = True
        async with httpx.AsyncClient(follow_redirects=False) as http:
            while True:
                if not self._on_duty():
                    is_known = False
                    await asyncio.sleep(self._settings.every_s)
                    continue
                try:
                    if not is_known:
                        await asyncio.to_thread(self.recall)
                        is_known = True
                    more = await self.turn(http)
                    wait_s = 0.0 if more else self._settings.every_s
                except (httpx.HTTPError, BookError, OSError) as error:
                    wait_s = min(_BACK_OFF_S_MAX, max(1.0, 2 * wait_s))
                    log.warning("delivery to %s is late: %s", self.name, error or type(error).__name__)
                    with contextlib.suppress(BookError, OSError):
                        await self.give_up()
                await asyncio.sleep(wait_s)

    def _next(self, book: Place) -> tuple[Batch, int]:
        with Reader.open(book) as reader:
            self.seen = reader.size
            end = min(reader.size, self.size + self._settings.batch_max)
            found = list(reader.records(self.size, end))
        if self._kinds:
            found = [(index, body) for index, body in found if orjson.loads(body)["kind"] in self._kinds]
        return found, max(end, self.size)


def as_json(origin: str, batch: Batch) -> bytes:
    """Return a batch as {"origin": …, "records": [{"index": …, "record": {…}}, …]}; records keep their bytes."""
    records = b",".join(b'{"index":%d,"record":%s}' % (index, body) for index, body in batch)
    return b'{"origin":%s,"records":[%s]}' % (orjson.dumps(origin), records)


def as_otlp(origin: str, batch: Batch) -> bytes:
    """Return a batch as OTLP/HTTP logs in JSON (ExportLogsServiceRequest); the body is the record's bytes as text."""
    resource = {"attributes": [_attribute("service.name", "tollhouse"), _attribute("tollhouse.origin", origin)]}
    logs = {"scope": {"name": "tollhouse.book"}, "logRecords": [_otlp(index, body) for index, body in batch]}
    return orjson.dumps({"resourceLogs": [{"resource": resource, "scopeLogs": [logs]}]})


def _otlp(index: int, body: bytes) -> dict[str, Any]:
    record = orjson.loads(body)
    number, text = _SEVERITY.get(record["kind"], (9, "INFO"))
    named = ("kind", "tenant", "run", "call", "key", "model")
    attributes = [_attribute(f"tollhouse.{name}", record[name]) for name in named if isinstance(record.get(name), str)]
    return {
        "timeUnixNano": str(record["at"] * 1_000),
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": body.decode()},
        "attributes": [*attributes, {"key": "tollhouse.index", "value": {"intValue": str(index)}}],
    }


def _attribute(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}
