"""What the book asks of a connection: what `sqlite3.Connection` does, and PostgreSQL's in postgres.py."""

from collections.abc import Iterator
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement returned."""

    def fetchone(self) -> Any:
        """Return the next row, None if there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """One connection, used by one thread at a time; outside a transaction each statement is one of its own."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Rows:
        """Execute one statement."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Execute one statement for each row of parameters."""
        ...

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        ...

    def close(self) -> None:
        """Close the connection; what is not committed is rolled back."""
        ...
