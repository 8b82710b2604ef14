"""The book as the shared ledger asks for it: fenced, replayed, and honest when it cannot be."""

from pathlib import Path

import pytest

from gateway.reconcile import BookSource
from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CapsEntry, to_dict
from limits.redis.link import Unready
from tests.gateway.shared import houses
from tests.servers.live import Postgres


async def test_the_book_is_fenced_and_replayed_and_says_so_when_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, SystemClock()) as (one, _):
        source = BookSource(one.book, one.directory, SystemClock())
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
