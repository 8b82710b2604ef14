"""What a call came to, told to the key that made it for as long as the book has it: `GET /v1/calls/{id}`.

It is read from the book, by the search index that operators use too; so any process knows it, also after a restart. The
index is caught up first, in a thread, one question at a time, so many records at once: a book that was never searched
may take several questions.
"""

import asyncio
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from audit.book import Book
from audit.errors import BookError
from audit.reader import Reader
from audit.search import SearchIndex
from limits.money import nano_to_usd

from .errors import AuditUnavailable, InProgress, NotFound
from .papers import Key

SEARCH_NAME = "search.sqlite"
_ID = re.compile("call_[0-9a-f]{24}")
_WAITING_MAX = 16
_RECORDS_OF_A_CALL_MAX = 256
_LAST = ("outcome", "refusal")


class Receipts:
    """The receipts of one house; `records_max` are indexed for one question."""

    def __init__(self, folder: Path, book: Book, *, records_max: int = 500_000) -> None:
        self._path = folder / SEARCH_NAME
        self._book = book
        self._records_max = records_max
        self._one_by_one = asyncio.Lock()
        self._waiting = 0

    async def of(self, key: Key, call_id: str) -> dict[str, Any]:
        """Return a call's receipt.

        NotFound if the book has none of this key's, InProgress if it must be asked again, AuditUnavailable.
        """
        if not _ID.fullmatch(call_id):
            raise NotFound("a call's id is that of its header x-tollhouse-call-id")
        if self._waiting >= _WAITING_MAX:
            raise InProgress("others are asking for their calls; ask again", retry_after_s=1)
        self._waiting += 1
        try:
            async with self._one_by_one:
                found = await asyncio.to_thread(self._find, key, call_id)
        except (BookError, sqlite3.Error, self._book.place.errors) as error:
            raise AuditUnavailable(f"the book cannot be read: {error}") from None
        finally:
            self._waiting -= 1
        records = [record for record in found if key.run_id in (None, record.get("run"))]
        if not records:
            raise NotFound("no call of that id belongs to this key, or nothing was sent for it yet")
        return _told(call_id, records)

    def _find(self, key: Key, call_id: str) -> list[dict[str, Any]]:
        """Return the records of a key's call, the newest first."""
        with Reader.open(self._book.place) as reader, SearchIndex(self._path) as index:
            size = reader.size
            reader.size = min(size, index.size + self._records_max)
            asked: dict[str, Any] = {"tenant": key.tenant.id, "key": key.id, "call": call_id}
            found = [orjson.loads(body) for _, body in index.find(reader, limit=_RECORDS_OF_A_CALL_MAX, **asked)]
            if not found and reader.size < size:
                raise _indexing(reader.size, size)
            return found


def _indexing(done: int, size: int) -> InProgress:
    return InProgress(f"the book is being indexed, {done} of {size} records; ask again", retry_after_s=1)


def _told(call_id: str, records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the client may know of its call; the figures have the names that a stream's closing comment gives."""
    last = next((record for record in records if record["kind"] in _LAST), None)
    record = last or records[0]
    told: dict[str, Any] = {"id": call_id, "object": "call", "status": "in_progress", "at": record["at"] // 1_000_000}
    told |= {name: record[name] for name in ("route", "model", "run", "step", "profile", "degraded") if name in record}
    if "tool" in record:
        told["tool"] = record["tool"]["name"]
    if last is None:
        holds = [intent["hold"]["nano_usd"] for intent in records if "hold" in intent]
        return told | ({"reserved_usd": nano_to_usd(holds[0])} if holds else {})
    status, billed = last["status"], last.get("billed", [])
    told["status"] = last["kind"] if last["kind"] == "refusal" else "failed" if "code" in status else "complete"
    told |= {name: value for name, value in status.items() if name != "left"}
    told["cost_usd"] = nano_to_usd(sum(each.get("nano_usd", 0) for each in billed))
    for name in ("input_tokens", "output_tokens"):
        if any(name in each for each in billed):
            told[name] = sum(each.get(name, 0) for each in billed)
    times = last["times"]
    told["overhead_ms"] = f"{(times['total'] - times.get('upstream', 0)) / 1_000:.2f}"
    told["attempts"] = len(billed)
    if "findings" in last:
        told["redacted"] = sum(last["findings"].values())
    return told
