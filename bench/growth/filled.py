"""Folders that have grown: many tenants with a key and a cap each, or a book of many records, made without serving."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

from audit.append import Statement
from audit.book import Book
from bench.book.records import pair
from gateway.config import load
from gateway.house import open_house
from gateway.papers import Key, Tenant
from gateway.state import rows
from limits.accounts import Cap
from limits.clock import SystemClock

AT_ONCE = 500


def with_tenants(configuration: Path, count: int, keys: Path) -> None:
    """Put tenants into `state`, each with a daily cap and a key, and write the keys' texts into a file."""
    texts = []
    with open_house(load(configuration), SystemClock()) as house:
        profile, now_us = house.directory.profiles["default"], SystemClock().utc_us()
        statements: list[Statement] = []
        for number in range(count):
            text = f"sk-th-growth{number:06d}-{number:043d}"
            tenant = Tenant(f"tenant{number}", f"tenant{number}", "UTC", (Cap("nano_usd", 10**15, "day"),))
            key = Key(f"growth{number:06d}", "bench", tenant, profile)
            statements += rows.put_tenant(tenant, now_us)
            statements += rows.put_key(key, hashlib.sha256(text.encode()).digest(), now_us)
            texts.append(text)
            if len(statements) > AT_ONCE:
                house.book.change_now(statements)
                statements = []
        house.book.change_now(statements)
    keys.write_text("\n".join(texts))


def with_records(configuration: Path, count: int) -> None:
    """Write records of past calls into the book; they moved no balance, so the ledger has nothing to hold of them."""
    with open_house(load(configuration), SystemClock()) as house:
        asyncio.run(_append(house.book, count))


async def _append(book: Book, count: int) -> None:
    group = []
    for record in _records(count):
        group.append(book.append(record, tenant="bench"))
        if len(group) == AT_ONCE:
            await asyncio.gather(*group)
            group = []
    await asyncio.gather(*group)


def _records(count: int) -> Iterator[dict[str, object]]:
    for number in range(count // 2):
        for record in pair(number):
            yield {**record, "ledger": []}
