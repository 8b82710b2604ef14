"""The keyring: one living key an owner, made where it is first needed, gone when it is shredded."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import BookUnavailable, KeyMissing, Shredded
from audit.keyring import NAMES, TENANT, Keyring, rewrapped, shredding, subject_owner
from audit.master import MasterKey
from audit.payload import Payload
from audit.pseudonym import pseudonym
from audit.schema import TABLES
from tests.audit.opening import open_book

MASTER = MasterKey(b"m" * 32)
SECRET = b"my card number is 4111 1111 1111 1111"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with open_book(tmp_path, master=MASTER) as opened:
        yield opened


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """Make the book's tables in memory: the keyring needs nothing else."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    for statement in TABLES:
        opened.execute(statement)
    yield opened
    opened.close()


def add(book: Book, content: bytes, subject: str | None = None, tenant: str = "a") -> int:
    payload = Payload(content, subject)
    return book.append_now({"kind": "intent"}, tenant=tenant, payload=payload).index


def test_a_key_that_is_gone_is_told_apart_from_one_that_was_shredded(book: Book) -> None:
    index = add(book, b"first")
    book.change_now([("UPDATE book_key SET wrapped = NULL", ())])
    with pytest.raises(Shredded, match="key of this payload was destroyed"):
        book.payload(index)
    book.change_now([("DELETE FROM book_key", ())])
    with pytest.raises(KeyMissing, match="is not in the book"):
        book.payload(index)


def test_keys_are_read_anew_after_a_failed_commit(book: Book) -> None:
    first = add(book, b"first")
    with pytest.raises(BookUnavailable):
        book.change_now([("ROLLBACK", ())])
    second = add(book, b"second")
    assert (book.payload(first), book.payload(second)) == (b"first", b"second")
    assert book.query("SELECT count(*) FROM book_key") == [(1,)]


def test_only_the_last_thousand_keys_are_kept_in_memory(book: Book) -> None:
    keyring = Keyring(MASTER)
    book.change_now([keyring.new("a", f"p_{each}", 1) for each in range(1_001)])
    for each in range(1_001):
        assert keyring.find(book._reader, "a", f"p_{each}") is not None
    assert len(keyring._cache) == 1_000


def test_shredding_a_tenant_takes_everything_of_it_and_its_pseudonyms(book: Book) -> None:
    mine, other = add(book, SECRET, "ann"), add(book, b"theirs", "ann", tenant="b")
    before = pseudonym(book.secret("a"), "person", "ann")
    book.shred("a", actor="local:0")
    with pytest.raises(Shredded):
        book.payload(mine)
    assert book.payload(other) == b"theirs"
    assert pseudonym(book.secret("a"), "person", "ann") != before


def test_a_key_is_made_once_and_found_again_by_another_keyring(db: sqlite3.Connection) -> None:
    keyring = Keyring(MASTER)
    assert keyring.find(db, "a", TENANT) is None
    number, key = keyring.need(db, "a", TENANT, 5)
    assert len(key) == 32
    assert keyring.need(db, "a", TENANT, 9) == (number, key)
    assert Keyring(MASTER).find(db, "a", TENANT) == (number, key)
    assert Keyring(MASTER).by_id(db, number) == key
    assert db.execute("SELECT tenant, owner, made_us, shredded_us FROM book_key").fetchall() == [("a", "", 5, None)]


def test_owners_and_tenants_have_keys_of_their_own_and_a_wrapped_key_opens_for_no_other(db: sqlite3.Connection) -> None:
    keyring = Keyring(MASTER)
    owners = (("a", TENANT), ("b", TENANT), ("a", NAMES))
    assert len({keyring.need(db, tenant, owner, 1)[1] for tenant, owner in owners}) == 3
    db.execute("UPDATE book_key SET wrapped = (SELECT wrapped FROM book_key WHERE tenant = 'a') WHERE tenant = 'b'")
    with pytest.raises(KeyMissing, match="does not open"):
        Keyring(MASTER).find(db, "b", TENANT)


def test_a_subject_stands_in_the_file_under_its_pseudonym_only(db: sqlite3.Connection) -> None:
    keyring = Keyring(MASTER)
    keyring.seal(db, "a", Payload(b"said", "ann@example.com"), 1)
    _, secret = keyring.need(db, "a", NAMES, 1)
    owners = [row[0] for row in db.execute("SELECT owner FROM book_key ORDER BY id")]
    assert owners == [NAMES, pseudonym(secret, "subject", "ann@example.com")]


def test_shredding_one_owner_empties_its_row_and_leaves_the_others(db: sqlite3.Connection) -> None:
    keyring = Keyring(MASTER)
    number, _, sealed = keyring.seal(db, "a", Payload(b"ann's", "ann"), 1)
    other, _, kept = keyring.seal(db, "a", Payload(b"the tenant's"), 1)
    db.executemany("INSERT INTO book_payload VALUES(?, ?, 1, ?)", [(0, number, sealed), (1, other, kept)])
    _, secret = keyring.need(db, "a", NAMES, 1)
    for statement in shredding("a", subject_owner(secret, "ann"), 77):
        db.execute(*statement)
    keyring.forget()
    assert db.execute("SELECT idx FROM book_payload").fetchall() == [(1,)]
    assert db.execute("SELECT wrapped, shredded_us FROM book_key WHERE id = ?", (number,)).fetchone() == (None, 77)
    with pytest.raises(Shredded, match=f"key {number} of tenant a"):
        keyring.by_id(db, number)
    assert keyring.need(db, "a", subject_owner(secret, "ann"), 78)[0] not in (number, other)
    assert len(keyring.by_id(db, other)) == 32


def test_shredding_again_does_not_change_when_it_happened(db: sqlite3.Connection) -> None:
    number, _ = Keyring(MASTER).need(db, "a", TENANT, 1)
    for at_us in (5, 9):
        for statement in shredding("a", None, at_us):
            db.execute(*statement)
    assert db.execute("SELECT shredded_us FROM book_key WHERE id = ?", (number,)).fetchone() == (5,)


def test_a_key_wrapped_anew_is_the_same_key_under_the_other_master_key(db: sqlite3.Connection) -> None:
    number, key = Keyring(MASTER).need(db, "a", TENANT, 1)
    new = MasterKey(b"n" * 32)
    (wrapped,) = db.execute("SELECT wrapped FROM book_key").fetchone()
    db.execute("UPDATE book_key SET wrapped = ?", (rewrapped(MASTER, new, "a", TENANT, wrapped),))
    assert Keyring(new).find(db, "a", TENANT) == (number, key)
    with pytest.raises(KeyMissing):
        rewrapped(new, MASTER, "a", TENANT, wrapped)
