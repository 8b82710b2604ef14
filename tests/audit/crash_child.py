"""Writes a book as fast as it can and prints an acknowledgement a line, until it is killed."""

import asyncio
import os
import sys
from pathlib import Path

from audit.append import BookLimits
from audit.book import Book
from audit.note import Signer


async def write() -> None:
    book = Book.open(
        Path(sys.argv[1]) / "book.sqlite",
        signer=Signer("example.com/log", b"s" * 32),
        limits=BookLimits(checkpoint_every_s=0.02),
        schema=("CREATE TABLE IF NOT EXISTS paid(n TEXT PRIMARY KEY)",),
    )

    async def caller(number: int) -> None:
        for each in range(1_000_000):
            name = f"{os.getpid()}-{number}-{each}"
            position = await book.append(
                {"kind": "intent", "call": name, "reason": "x" * 300},
                tenant=f"t{number % 4}",
                statements=[("INSERT INTO paid VALUES(?)", (name,))],
            )
            os.write(1, f"{position.index} {position.leaf.hex()} {name}\n".encode())

    await asyncio.gather(*(caller(number) for number in range(32)))


asyncio.run(write())
