"""What is destroyed on request and by time, while the gateway is served."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from audit.book import Book
from audit.payload import Payload
from gateway.errors import AuditUnavailable, NotAllowed
from gateway.keeper import keeper_of
from tests.gateway.operator import YAML, Operator, opened, write_config

DAY_NS = 86_400 * 10**9


def say(operator: Operator, text: str, tenant: str, subject: str | None = None) -> int:
    book: Book = operator.house.book
    return book.append_now({"kind": "outcome"}, tenant=tenant, payload=Payload(text.encode(), subject)).index


async def test_old_contents_go_by_the_tenants_days(tmp_path: Path) -> None:
    text = YAML % ("a" * 64) + "    payload_days: 2\n"
    text = text.replace("  - name: acme", "  - name: globex\n  - name: acme")
    with opened(write_config(tmp_path, text)) as operator:
        keeper = keeper_of(operator.house.config, operator.house.book, operator.clock)
        for tenant in ("acme", "globex"):
            say(operator, "hello", tenant)
        operator.clock.turn(3 * 86_400)
        assert await keeper.drop_old() == {"acme": 1}
        operator.clock.turn(40 * 86_400)
        keeper.start()
        async with asyncio.timeout(10):
            while not any('"tenant":"globex"' in record and "retention" in record for record in operator.records()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await keeper.stop()


async def test_with_a_tenant_go_its_kept_replies_and_placeholders(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        book = operator.house.book
        key, _ = await operator.client_key()
        row = ("n", key.id, "call", b"f", b"sealed", None, 1)
        await book.change([("INSERT INTO state_reply VALUES(?, ?, ?, ?, ?, ?, ?)", row)])
        await book.change([("INSERT INTO state_vault VALUES('r', 'globex', x'00', 1)", ())])
        keeper = keeper_of(operator.house.config, book, operator.clock)
        await keeper.shred("k9", "globex", None, "request")
        assert (
            book.query("SELECT count(*) FROM state_reply") == book.query("SELECT count(*) FROM state_vault") == [(0,)]
        )


async def test_a_hold_is_told_and_a_book_that_cannot_be_written_too(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        keeper = keeper_of(operator.house.config, operator.house.book, operator.clock)
        assert await keeper.hold("k9", "acme", on=True) == operator.clock.utc_us()
        with pytest.raises(NotAllowed, match="legal hold"):
            await keeper.shred("k9", "acme", None, "request")
        assert await keeper.hold("k9", "acme", on=False) is None
        operator.house.book.close()
        with pytest.raises((AuditUnavailable, sqlite3.ProgrammingError)):
            await keeper.shred("k9", "acme", None, "request")
