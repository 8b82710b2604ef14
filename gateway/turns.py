"""One call at a time adds to a conversation that the provider keeps: else nobody knows what the next one weighs.

    free, or its holder's time is over ──a call takes it──▶ held ──its outcome is durable──▶ free

Within a process that is a set in memory. Processes that share their state write it there too, with a time: a holder
that died holds nothing for longer than its call could have lasted. The database's clock decides.
"""

import hmac

from audit.book import Book
from audit.errors import BookError
from audit.place import Place

from .errors import AuditUnavailable, InProgress
from .papers import Key

Statement = tuple[str, tuple[object, ...]]
_GRACE_S = 60
_TAKE = """INSERT INTO state_turn VALUES(?, ?, clock_timestamp() + ? * interval '1 second')
    ON CONFLICT(name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE state_turn.until < clock_timestamp()"""
_HOLDER = "SELECT holder FROM state_turn WHERE name = ?"
_LEAVE = "DELETE FROM state_turn WHERE (name = ? AND holder = ?) OR until < clock_timestamp()"


class Turns:
    """Whose turn it is. `secret` is 32 bytes: rows name no conversation, only its HMAC with tenant and key."""

    def __init__(self, book: Book, secret: bytes) -> None:
        self._book = book
        self._place: Place | None = book.place if book.place.shared else None
        self._secret = hmac.digest(secret, b"turns in conversations", "sha256")
        self._taken: dict[bytes, str] = {}

    @property
    def shared(self) -> bool:
        """Whether other processes take turns too: then `agree` must be waited for."""
        return self._place is not None

    def take(self, key: Key, conversation: str, call_id: str) -> bytes:
        """Take the turn within this process and return its name; InProgress if another call has it."""
        said = f"{key.tenant.id}\0{key.id}\0{conversation}".encode("utf-8", "replace")
        name = hmac.digest(self._secret, said, "sha256")
        if name in self._taken:
            raise _taken()
        self._taken[name] = call_id
        return name

    async def agree(self, name: bytes, call_id: str, longest_s: float) -> None:
        """Take it among all processes, for a call that lasts so long at most. InProgress, AuditUnavailable."""
        seconds = int(longest_s) + _GRACE_S
        try:
            await self._book.change([(_TAKE, (name, call_id, seconds))])
            holder = self._book.query(_HOLDER, (name,))
        except (BookError, self._book.place.errors) as error:
            raise AuditUnavailable(f"nobody can say whose turn it is in this conversation: {error}") from None
        if holder != [(call_id,)]:
            raise _taken()

    def leave(self, name: bytes, call_id: str) -> list[Statement]:
        """Give the turn back within this process; return the statements that give it back among all."""
        if self._taken.get(name) == call_id:
            del self._taken[name]
        return [(_LEAVE, (name, call_id))] if self.shared else []


def _taken() -> InProgress:
    return InProgress("another call is adding to this conversation; ask again when it has ended", retry_after_s=1)
