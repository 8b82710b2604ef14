"""What a writer knows of the log: it follows other writers exactly, and takes no fork or loss for the log it knew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import store
from audit.database import Database
from audit.errors import BookDamaged
from audit.log import Log
from audit.merkle import leaf_hash
from audit.place import File
from tests.audit.opening import SIGNER

ORIGIN = "example.com/log"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    place = File(tmp_path / "book.sqlite")
    opened = place.connect()
    place.prepare(opened, ORIGIN, ())
    yield opened
    opened.close()


def read(db: Database, **more: Any) -> Log:
    return Log(db, SIGNER, ORIGIN, **more)


def grow(db: Database, log: Log, count: int, *, tenant: str = "a", kind: str = "intent") -> None:
    """Append as a writer does: leaves and tiles, beside the log in memory."""
    values: list[Any] = []
    for _ in range(count):
        leaf, tseq = leaf_hash(b"%d" % log.size), log.tseq.get(tenant, 0) + 1
        values += (log.size, leaf, b"{}", 1_000 + log.size, kind, tenant, tseq, None)
        log.add(leaf, tenant, tseq)
    log.last_us = 999 + log.size
    store.insert_leaves(db, values)
    store.put_tiles(db, log.tree.take_changed())


def test_a_log_that_follows_is_the_log_that_was_written(db: Database) -> None:
    writes, follows = read(db), read(db)
    for count in (1, 254, 1, 1, 300):
        grow(db, writes, count, tenant=f"t{count}")
        assert follows.follow(db, writes.tip()) is False
        assert (follows.tip(), follows.tseq, follows.changed) == (writes.tip(), writes.tseq, writes.changed)
        assert follows.tree.take_changed() == {}
    assert read(db).tip() == writes.tip()


def test_it_is_told_when_something_was_erased(db: Database) -> None:
    writes, follows = read(db), read(db)
    grow(db, writes, 1, kind="erasure")
    grow(db, writes, 1)
    assert follows.follow(db, writes.tip()) is True
    assert follows.follow(db, writes.tip()) is False


def test_a_checkpoint_of_another_writer_leaves_only_what_came_after_it_to_sign(db: Database) -> None:
    writes, follows = read(db), read(db)
    grow(db, writes, 3, tenant="a")
    writes.sign(db, None)
    grow(db, writes, 1, tenant="b")
    follows.follow(db, writes.tip())
    assert (follows.signed_size, follows.changed) == (3, {"b": 3})


def test_heads_beyond_the_bound_wait_for_the_next_checkpoint(db: Database) -> None:
    log = read(db)
    for tenant in "abc":
        grow(db, log, 1, tenant=tenant)
    heads = "SELECT tenant, size FROM book_head ORDER BY tenant"
    log.sign(db, 2)
    assert db.execute(heads).fetchall() == [("a", 3), ("b", 3)]
    grow(db, log, 1, tenant="a")
    log.sign(db, 2)
    assert db.execute(heads).fetchall() == [("a", 4), ("b", 3), ("c", 4)]


def test_a_log_that_forked_or_lost_records_is_not_followed(db: Database) -> None:
    writes, follows = read(db), read(db)
    grow(db, writes, 2)
    fork = writes.tip()._replace(root=b"x" * 32)
    with pytest.raises(BookDamaged, match=r"should have 2 records with root 7878.*, it has 2"):
        follows.follow(db, fork)
    with pytest.raises(BookDamaged, match="should have 1 records"):
        writes.follow(db, follows.tip()._replace(size=1))


def test_what_was_acknowledged_must_be_there_when_the_log_is_read_anew(db: Database) -> None:
    log = read(db)
    grow(db, log, 2)
    told = log.tip()
    assert read(db, told=told).size == 2
    with pytest.raises(BookDamaged, match="3 records that were acknowledged are not all in the log's 2"):
        read(db, told=told._replace(size=3))
    with pytest.raises(BookDamaged, match="2 records that were acknowledged"):
        read(db, told=told._replace(root=b"x" * 32))
