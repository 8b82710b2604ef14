"""The book, as the ledger in Redis asks for it: fenced and replayed whenever Redis is not the one that was filled."""

import asyncio

from audit.book import Book
from audit.errors import BookError
from audit.reader import Reader
from limits.clock import Clock
from limits.ledger import EmbeddedLedger
from limits.redis import RedisLedger
from limits.redis.link import Unready

from .directory import Directory
from .errors import LedgerUnavailable
from .restore import restore


class BookSource:
    """One shared book, and who is whose: a `limits.redis.link.Source`."""

    def __init__(self, book: Book, directory: Directory, clock: Clock) -> None:
        self._book = book
        self._directory = directory
        self._clock = clock

    async def fence(self) -> int:
        """Begin another generation of the book. Raises Unready."""
        try:
            return await self._book.fence()
        except (BookError, self._book.place.errors) as error:
            raise Unready(f"the book cannot be fenced: {error}") from error

    async def books(self) -> EmbeddedLedger:
        """Return a ledger replayed from the whole book. Raises Unready."""
        try:
            return await asyncio.to_thread(self._replayed)
        except (BookError, self._book.place.errors) as error:
            raise Unready(f"the book cannot be read: {error}") from error

    def _replayed(self) -> EmbeddedLedger:
        ledger = EmbeddedLedger(self._clock)
        with Reader.open(self._book.place) as reader:
            restore(ledger, reader.records())
        return ledger

    def tenant_of(self, scope: str) -> str | None:
        """Return whose a scope is; None if nobody's any more."""
        kind, _, name = scope.partition(":")
        if kind == "key":
            key = self._directory.key(name)
            return None if key is None else key.tenant.id
        if kind == "run":
            run = self._directory.run(name)
            return None if run is None else run.tenant_id
        return name.partition("/")[0]


def redis_ledger(url: str, book: Book, directory: Directory, clock: Clock) -> RedisLedger:
    """Return the ledger in Redis, over this book."""
    return RedisLedger(url, BookSource(book, directory, clock), clock, unavailable=LedgerUnavailable)
