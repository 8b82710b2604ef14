"""Questions as rows: what is written is read again, and nothing of the arguments can be read in the file."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from audit.master import MasterKey
from gateway.approval_rows import ApprovalRows
from gateway.state.schema import SCHEMA
from gateway.tools.approval import Approval


def test_a_question_is_read_as_it_was_written_and_expired_ones_are_left_out() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SCHEMA:
        db.execute(statement)

    def query(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return db.execute(sql, parameters).fetchall()

    rows = ApprovalRows(MasterKey(b"k" * 32))
    asked = Approval("apr_1", "acme", "k1", "r1", "pay", "c1", "hash", "p.1", "always", "{masked}", 10, 50)
    asked.arguments, asked.schema, asked.approvers, asked.voices = '{"q":"secret"}', {"type": "object"}, 2, ("a", "b")
    asked.patches, asked.edited_key, asked.reply = ({"q": "other"},), "hash2", "reply"
    db.execute(*rows.put(asked))
    assert rows.load(query, 20) == [asked]
    assert rows.load(query, 50) == []
    ((sealed,),) = query("SELECT sealed FROM state_approval", ())
    assert b"secret" not in sealed
    assert b"masked" not in sealed
    db.close()
