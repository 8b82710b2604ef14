"""The file of events: a transaction that cannot be written fails whole, and nothing of it is there."""

import sqlite3
from pathlib import Path

from agents import Event
from agents.store import SqliteStore, connect


def test_a_transaction_that_cannot_be_written_fails_whole(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log")
    events = [Event("r", seq, seq, "note", {}) for seq in (1, 2)]
    connection = connect(tmp_path / "log")
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.seq = 2 BEGIN SELECT RAISE(ROLLBACK, 'no room'); END"
    )
    failures = store.commit(events)
    assert all(isinstance(failure, sqlite3.Error) for failure in failures)
    assert store.events("r", 0) == []
    connection.execute("DROP TRIGGER full")
    connection.close()
    assert store.commit(events) == [None, None]
    store.close()
