"""Snapshots are made by a process of their own while the book grows, and at the end; a failed one harms nothing."""

import asyncio
import base64
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.scripted import ScriptedServer
from audit.reader import Reader
from gateway.config import load
from gateway.house import open_house
from gateway.snapshot import SNAPSHOT_NAME, read, secret_of
from gateway.snapshots import Snapshots
from gateway.works import Works
from limits.clock import SystemClock
from tests.faults.exact import ECHO
from tests.faults.process import aftermath, serving, write
from tests.gateway.live import chat, local
from tests.gateway.test_snapshot import SECRET, Spender

pytestmark = pytest.mark.anyio


def sized(size: int) -> Any:
    """Return what stands for a book of so many records."""
    return SimpleNamespace(size=size)


async def test_one_is_made_when_the_book_has_grown_and_once_more_at_the_end(tmp_path: Path) -> None:
    spender = Spender(tmp_path)
    spender.grow(20)
    with Reader.open(spender.path) as reader:
        book = sized(reader.size)
    snapshots = Snapshots(book, spender.path, SECRET, 0, every=10, last=5)
    snapshots.start()
    async with asyncio.timeout(60):
        while snapshots.size < book.size:  # noqa: ASYNC110 - a process of its own makes it
            await asyncio.sleep(0.02)
    assert spender.start()[1] == book.size
    spender.grow(10)
    with Reader.open(spender.path) as reader:
        snapshots._book = sized(reader.size)
        await snapshots.stop()
        found = read(spender.snapshot, SECRET, reader)
        assert found is not None
        assert found.size == reader.size == snapshots.size


async def test_a_book_that_has_hardly_grown_is_left_alone(tmp_path: Path) -> None:
    spender = Spender(tmp_path)
    spender.grow(2)
    snapshots = Snapshots(sized(4), spender.path, SECRET, 0, every=10, last=5)
    snapshots.start()
    await asyncio.sleep(0)
    await snapshots.stop()
    await Snapshots(sized(4), spender.path, SECRET, 0).stop()
    assert not spender.snapshot.exists()


async def test_one_that_fails_or_takes_too_long_is_logged_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lost = Snapshots(sized(9), tmp_path / "nowhere" / "book.sqlite", SECRET, 0)
    with caplog.at_level(logging.WARNING):
        await lost.make(wait_s_max=60)
        await lost.make(wait_s_max=0.001)
    assert lost.size == 0
    assert "does not exist" in caplog.text
    assert "was not made within 0.001 s" in caplog.text


async def test_killed_behind_a_snapshot_it_begins_with_all_that_the_book_says(tmp_path: Path) -> None:
    async with ScriptedServer(ECHO) as upstream:
        path = write(tmp_path, upstream.url)
        config = load(path)
        async with asyncio.timeout(120), serving(path) as served, served.client() as http:
            secret = secret_of(base64.b64decode(config.master_key_path.read_bytes()))
            snapshots = Snapshots(sized(0), config.folder / "book.sqlite", secret, 0)
            for turn in range(2):
                for number in range(5):
                    reply = await http.post("/v1/chat/completions", json=chat(f"call {number} of {turn}"))
                    assert reply.status_code == 200
                if not turn:
                    await snapshots.make(wait_s_max=60)
            served.process.kill()
            await served.process.wait()
        assert snapshots.size > 10
        assert snapshot_of(path)["size"] == snapshots.size
        after = await aftermath(path)
        assert len(after.records) > snapshots.size + 10
        assert after.cap_settled == sum(entry.nano_dollars for entry in upstream.bill.entries)
        with open_house(config, SystemClock()) as house:
            works = Works(house, SystemClock())
            assert works.snapshots is not None
            assert works.snapshots.size == snapshots.size, "the start took the snapshot"
            (config.folder / SNAPSHOT_NAME).unlink()
            whole = Works(house, SystemClock())
            assert whole.snapshots is not None
            assert whole.snapshots.size == 0
            assert local(works).books.snapshot() == local(whole).books.snapshot()
            await works.catalogue.close()
            await whole.catalogue.close()


def snapshot_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((load(path).folder / SNAPSHOT_NAME).read_bytes()[32:])
    return found
