"""What an attacker with write access to the book's file does, and the book it is done to."""

import sqlite3
from functools import partial
from pathlib import Path

from audit import store
from audit.append import BookLimits
from audit.book import Book
from audit.checkpoint import Checkpoint
from audit.heads import Head
from audit.master import MasterKey
from audit.merkle import leaf_hash
from audit.note import Signer
from audit.payload import Payload
from audit.tiles import TiledTree
from audit.verdict import Verdict
from audit.verify import verify_book
from tests.audit.writing import write

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)
SIZE = 700
EDIT = "UPDATE book_leaf SET body = replace(CAST(body AS TEXT), '\"c123\"', '\"c999\"') WHERE idx = 123"


def write_book(folder: Path) -> bytes:
    """Return the file of a closed book of 700 records of two tenants, checkpointed at 350 and at its end."""
    for start in range(0, SIZE, 350):
        limits = BookLimits(checkpoint_every_s=1e9)
        with Book.open(folder / "book.sqlite", signer=SIGNER, limits=limits, master=MASTER) as book:
            if start == 0:
                book.append_now({"kind": "intent", "call": "c0"}, tenant="a", payload=Payload(b"said"))
            write(
                book,
                ({"kind": "intent", "call": f"c{n}", "for": "ab"[n % 2]} for n in range(start or 1, start + 350)),
            )
    return (folder / "book.sqlite").read_bytes()


def run(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    for each in statements:
        db.execute(each)
    db.close()


def rewrite(path: Path, *, signer: Signer | None = None) -> None:
    """Do what an attacker with write access does: compute every hash anew; with a key, sign anew as well."""
    db = sqlite3.connect(path, isolation_level=None)
    tree = TiledTree(0, partial(store.read_tile, db))
    rows = db.execute("SELECT idx, body FROM book_leaf ORDER BY idx").fetchall()
    tseqs: dict[str, int] = {}
    for index, body in rows:
        db.execute("UPDATE book_leaf SET hash = ? WHERE idx = ?", (leaf_hash(body), index))
        tree.append(leaf_hash(body))
    store.put_tiles(db, tree.take_changed())
    if signer is not None:
        root = tree.edge.root()
        db.execute("DELETE FROM book_checkpoint")
        db.execute("DELETE FROM book_head")
        note = Checkpoint("example.com/log", len(rows), root).sign(signer).encode()
        db.execute("INSERT INTO book_checkpoint VALUES(?, 0, ?)", (len(rows), note))
        tseqs.update(db.execute("SELECT tenant, max(tseq) FROM book_leaf WHERE tenant NOTNULL GROUP BY 1").fetchall())
        for tenant, tseq in tseqs.items():
            head = Head("example.com/log", tenant, tseq, len(rows), root).sign(signer).encode()
            db.execute("INSERT INTO book_head VALUES(?, ?, ?, ?)", (tenant, tseq, len(rows), head))
    db.close()


def verify(path: Path, *anchors: Checkpoint) -> Verdict:
    return verify_book(path, [SIGNER.verifier], anchors=anchors)


def kinds(verdict: Verdict) -> set[str]:
    return {each.kind for each in verdict.problems}


def rewrite_text(path: Path) -> None:
    """Store the edited body as bytes again."""
    run(path, "UPDATE book_leaf SET body = CAST(body AS BLOB)")


def reader_root(path: Path, size: int) -> bytes:
    db = store.connect(path, read_only=True)
    try:
        return store_root(db, size)
    finally:
        db.close()


def store_root(db: sqlite3.Connection, size: int) -> bytes:
    tree = TiledTree(0, partial(store.read_tile, db))
    for row in store.leaves(db, 0, size):
        tree.append(row[1])
    return tree.edge.root()


def forge(path: Path, change: str) -> None:
    """Change the history and make everything fit that can be made to fit without the signing key."""
    run(path, change)
    rewrite_text(path)
    rewrite(path)
