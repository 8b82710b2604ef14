"""What the book's tests share: many records written at once, with few fsyncs."""

import asyncio
from collections.abc import Iterable
from typing import Any

from audit.book import Book


def write(book: Book, records: Iterable[dict[str, Any]], tenant: str | None = "a") -> None:
    """Append records in order and wait for all; a record may name its own tenant by `for`."""

    async def gather() -> None:
        await asyncio.gather(*(book.append(each, tenant=each.pop("for", tenant)) for each in records))

    asyncio.run(gather())
