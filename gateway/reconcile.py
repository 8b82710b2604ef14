"""The book, as the ledger in Redis asks for it: fenced and replayed whenever Redis is not the one that was filled.

And what else of several processes lies in that Redis, over the same connection.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from audit.book import Book
from audit.errors import BookError
from audit.reader import Reader
from limits.breaker import Breaker
from limits.clock import Clock
from limits.ledger import EmbeddedLedger
from limits.redis import RedisLedger
from limits.redis.breakers import SharedBreakers
from limits.redis.claims import Claims
from limits.redis.link import Unready
from limits.redis.rates import SharedRates

from .directory import Directory
from .errors import LedgerUnavailable

Replay = Callable[[Reader], EmbeddedLedger]


class BookSource:
    """One shared book, and who is whose: a `limits.redis.link.Source`.

    `replay` makes a ledger of a book's records (`gateway.snapshot.replaying`).
    """

    def __init__(self, book: Book, directory: Directory, replay: Replay) -> None:
        self._book = book
        self._directory = directory
        self._replay = replay

    async def fence(self) -> int:
        """Begin another generation of the book. Raises Unready."""
        try:
            return await self._book.fence()
        except (BookError, self._book.place.errors) as error:
            raise Unready(f"the book cannot be fenced: {error}") from error

    async def books(self) -> EmbeddedLedger:
        """Return a ledger as the whole book makes it, from the newest snapshot on. Raises Unready."""
        try:
            return await asyncio.to_thread(self._replayed)
        except (BookError, self._book.place.errors) as error:
            raise Unready(f"the book cannot be read: {error}") from error

    def _replayed(self) -> EmbeddedLedger:
        with Reader.open(self._book.place) as reader:
            return self._replay(reader)

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


@dataclass(frozen=True, slots=True)
class Shared:
    """What the processes of one house share in Redis. It is in force once `ledger` is started."""

    ledger: RedisLedger
    rates: SharedRates
    claims: Claims
    clock: Clock

    def share(self, breakers: Iterable[Breaker]) -> SharedBreakers:
        """Share breakers, before `ledger` is started."""
        return SharedBreakers(self.ledger.link, self.clock, breakers)


def shared(url: str, book: Book, directory: Directory, clock: Clock, replay: Replay) -> Shared:
    """Return the ledger in Redis, over this book, and what shares its connection."""
    ledger = RedisLedger(url, BookSource(book, directory, replay), clock, unavailable=LedgerUnavailable)
    return Shared(ledger, SharedRates(ledger.link, clock), Claims(ledger.link, LedgerUnavailable), clock)
