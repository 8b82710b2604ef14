"""Payloads beside the log: what was swapped or altered is named, what was destroyed is no contradiction."""

import sqlite3
from pathlib import Path

from audit.book import Book
from audit.master import MasterKey
from audit.note import Signer
from audit.payload import Payload
from audit.payloads import verify_payloads
from audit.verdict import Verdict

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)


def write(path: Path) -> None:
    with Book.open(path, signer=SIGNER, master=MASTER) as book:
        for each in range(60):
            content = f"said {each}".encode()
            payload = Payload(content, "ann" if each == 7 else None) if each != 3 else None
            book.append_now({"kind": "intent"}, tenant="a", payload=payload)
        book.shred("a", "ann", actor="test")


def test_swapped_altered_and_foreign_payloads_are_named(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    write(path)
    verdict = Verdict("example.com/log")
    assert (verify_payloads(path, MASTER, verdict), verdict.ok) == (58, True)
    db = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "UPDATE book_payload SET idx = -1 WHERE idx = 10",
        "UPDATE book_payload SET idx = 10 WHERE idx = 11",
        "UPDATE book_payload SET idx = 11 WHERE idx = -1",
        "UPDATE book_payload SET sealed = zeroblob(99) WHERE idx = 20",
        "UPDATE book_payload SET key = 99 WHERE idx = 30",
        "INSERT INTO book_payload SELECT 3, key, at_us, sealed FROM book_payload WHERE idx = 40",
        "UPDATE book_key SET wrapped = NULL WHERE id = 99",
    ):
        db.execute(statement)
    db.close()
    assert verify_payloads(path, MASTER, verdict) == 54
    assert verdict.altered() == [3, 10, 11, 20, 30]


def test_a_payload_whose_key_was_destroyed_is_no_contradiction(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    write(path)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE book_key SET wrapped = NULL, shredded_us = 1 WHERE owner = ''")
    db.close()
    verdict = Verdict("example.com/log")
    assert (verify_payloads(path, MASTER, verdict), verdict.ok) == (0, True)
