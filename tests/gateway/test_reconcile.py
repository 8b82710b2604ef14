"""The book as the shared ledger asks for it: fenced, replayed, and honest when it cannot be."""

from pathlib import Path

import pytest

from audit.reader import Reader
from gateway.house import BOOK_NAME
from gateway.reconcile import BookSource
from gateway.snapshot import SNAPSHOT_NAME, replaying, restored, secret_of
from gateway.snapshots import Snapshots
from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CapsEntry, to_dict
from limits.redis.link import Unready
from limits.seam import LocalLedger
from tests.gateway.shared import houses
from tests.servers.live import Postgres


async def test_the_book_is_fenced_and_replayed_and_says_so_when_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, SystemClock()) as (one, _):
        replay = replaying(one.config.folder, one.master_key, SystemClock())
        source = BookSource(one.book, one.directory, replay)
        entry = CapsEntry("tenant:acme", (str(Cap("nano_usd", 5)),), 1, "UTC")
        await one.book.append({"kind": "admin", "ledger": [to_dict(entry)]}, tenant="acme")
        balances = (await source.books()).balances("tenant:acme")
        assert balances is not None
        assert balances.caps[0].limit == 5
        assert await source.fence() == 2
        server.kill()
        with pytest.raises(Unready, match="cannot be fenced"):
            await source.fence()
        with pytest.raises(Unready, match="cannot be read"):
            await source.books()
        server.start()
        (key,) = one.directory.keys_of("house")
        found = [source.tenant_of(scope) for scope in ("tenant:a", "user:a/b", key.scope, "key:none", "run:none")]
        assert found == ["a", "a", "house", None, None]


async def test_a_refill_begins_at_the_snapshot_of_the_shared_book(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    with houses(tmp_path, postgres, monkeypatch, clock) as (one, _):
        shared = one.config.shared
        assert shared is not None
        for limit in (5, 6):
            entry = CapsEntry("tenant:acme", (str(Cap("nano_usd", limit)),), limit, "UTC")
            await one.book.append({"kind": "admin", "ledger": [to_dict(entry)]}, tenant="acme")
            if limit == 5:
                path, secret = one.config.folder / BOOK_NAME, secret_of(one.master_key)
                snapshots = Snapshots(one.book, path, secret, 0, server=shared.postgres.reveal())
                await snapshots.make(wait_s_max=60)
                assert snapshots.size == one.book.size
        with Reader.open(one.book.place) as reader:
            ledger, spared = restored(lambda: LocalLedger(clock), path.with_name(SNAPSHOT_NAME), secret, reader)
            assert spared == snapshots.size == reader.size - 1
        books = await BookSource(one.book, one.directory, replaying(one.config.folder, one.master_key, clock)).books()
        assert books.snapshot() == ledger.books.snapshot()
        balances = books.balances("tenant:acme")
        assert balances is not None
        assert balances.caps[0].limit == 6
