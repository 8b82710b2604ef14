"""Writes a shared book as fast as it can and prints an acknowledgement a line, until it is killed or done.

Arguments: the server's address, how many records (0: for ever).
"""

import asyncio
import os
import sys

from audit.append import BookLimits
from audit.book import Book
from audit.postgres import Server
from tests.audit.opening import SCHEMA, SIGNER

CALLERS = 16


async def write(url: str, count: int) -> None:
    limits = BookLimits(checkpoint_every_s=0.05)
    book = Book.open(Server(url), signer=SIGNER, schema=SCHEMA, limits=limits)

    async def caller(number: int) -> None:
        for each in range(count // CALLERS or 1_000_000):
            name = f"{os.getpid()}-{number}-{each}"
            position = await book.append(
                {"kind": "intent", "call": name, "reason": "x" * 300},
                tenant=f"t{number % 3}",
                statements=[("INSERT INTO thing VALUES(?, ?)", (name, each))],
            )
            os.write(1, f"{position.index} {position.leaf.hex()} {name}\n".encode())

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    book.close()


asyncio.run(write(sys.argv[1], int(sys.argv[2])))
