"""What an append is: its parts while it waits, how its state changes are executed, how its caller is told."""

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from .database import Database
from .errors import BookError, StatementFailed
from .payload import Payload

Statement = tuple[str, Sequence[Any]]
"""A state change: SQL and its parameters."""


@dataclass(slots=True)
class Position:
    """Where a record stands: its index in the log, its leaf hash, its number within its tenant (None without one)."""

    index: int
    leaf: bytes
    tseq: int | None


Outcome = Position | BookError | None
Append = tuple[
    dict[str, Any] | None,
    str | None,
    Sequence[Statement],
    Payload | None,
    int | None,
    "asyncio.Future[Any] | Future[Any]",
    asyncio.AbstractEventLoop | None,
]
"""record (None: only statements), tenant, statements, payload, generation, future, loop (None: a waiting thread)."""


@dataclass(frozen=True, slots=True)
class BookLimits:
    """Bounds of an open book; each has a default that suits one gateway process.

    `gather_s` is how long a busy book waits before it takes the next group: a commit costs several times what a record
    costs, so fewer and larger ones are cheaper, while a caller that is alone never waits for others.
    """

    checkpoint_every_s: float = 10.0
    queue_max: int = 10_000
    group_max: int = 512
    gather_s: float = 0.001
    heads_max: int = 256
    close_wait_s: float = 30.0


def execute(db: Database, statements: Sequence[Statement], errors: type[Exception]) -> None:
    """Execute state changes in a savepoint; raise StatementFailed if one is refused and the transaction goes on.

    `errors` is what the database raises.
    """
    db.execute("SAVEPOINT one")
    try:
        for sql, parameters in statements:
            db.execute(sql, parameters)
    except (errors, OverflowError, TypeError, ValueError) as error:
        if not db.in_transaction:
            raise
        db.execute("ROLLBACK TO one")
        db.execute("RELEASE one")
        raise StatementFailed(f"a state change was refused: {error}") from error
    db.execute("RELEASE one")


def tell(group: Sequence[Append], outcomes: Sequence[Outcome]) -> None:
    """Resolve the futures: one call into each event loop, and waiting threads directly."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Any, Outcome]]] = {}
    for (*_, future, loop), outcome in zip(group, outcomes, strict=True):
        if loop is None:
            resolve([(future, outcome)])
        else:
            loops.setdefault(loop, []).append((future, outcome))
    for loop, pairs in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended; nobody waits for these any more
            loop.call_soon_threadsafe(resolve, pairs)


def resolve(pairs: Sequence[tuple[Any, Outcome]]) -> None:
    """Set each future's result or exception, but for those that were cancelled."""
    for future, outcome in pairs:
        if future.done():
            continue
        if isinstance(outcome, BookError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
