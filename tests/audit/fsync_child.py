"""Appends under a disk whose fsync is late, then fails, then works again; tells what it saw as JSON."""

import json
import sys
import time
from pathlib import Path

from audit.book import Book
from audit.errors import BookUnavailable
from audit.note import Signer

folder, control = Path(sys.argv[1]), Path(sys.argv[2])
seen: dict[str, object] = {}


def append(name: str) -> None:
    start = time.monotonic()
    try:
        seen[name] = book.append_now({"kind": "intent", "call": name}, tenant="a").index
    except BookUnavailable as error:
        seen[name] = str(error)
    seen[name + "_s"] = time.monotonic() - start


with Book.open(folder / "book.sqlite", signer=Signer("example.com/log", b"s" * 32)) as book:
    append("before")
    control.write_text("late")
    append("late")
    control.write_text("fail")
    append("failed")
    append("failed_again")
    seen["failure"] = book.failure
    control.write_text("none")
    append("after")
    seen["cleared"] = book.failure
sys.stdout.write(json.dumps(seen))
