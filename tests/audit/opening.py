"""What the tests of the book and of its parts share: a book with a table of the user's own, and a record for it."""

from pathlib import Path
from typing import Any

from audit.book import Book
from audit.note import Signer

SIGNER = Signer("example.com/log", b"s" * 32)
SCHEMA = ("CREATE TABLE IF NOT EXISTS thing(name TEXT PRIMARY KEY, n INTEGER)",)


def open_book(folder: Path, **more: Any) -> Book:
    return Book.open(folder / "book.sqlite", signer=SIGNER, schema=SCHEMA, **more)


def record(**fields: Any) -> dict[str, Any]:
    return {"kind": "intent", "run": "r1", **fields}
