"""Payloads: kept encrypted beside the log, gone for good when shredded, and the log stays whole."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.book import Book
from audit.errors import BookDamaged, KeyMissing, RecordRefused, Shredded
from audit.keyring import Keyring
from audit.master import MasterKey
from audit.note import Signer
from audit.payload import PAYLOAD_BYTES_MAX, Payload
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)
SECRET = b"my card number is 4111 1111 1111 1111"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER, master=MASTER) as opened:
        yield opened


def add(book: Book, content: bytes, subject: str | None = None, tenant: str = "a") -> int:
    payload = Payload(content, subject)
    return book.append_now({"kind": "intent"}, tenant=tenant, payload=payload).index


def everything(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def test_a_payload_is_read_back_and_stands_nowhere_in_clear(book: Book, tmp_path: Path) -> None:
    found = await asyncio.gather(
        *(book.append({"kind": "intent"}, tenant="a", payload=Payload(SECRET, f"s{each % 3}")) for each in range(20))
    )
    assert [book.payload(each.index) for each in found] == [SECRET] * 20
    (body,) = [body for index, body in book.records() if index == 0]
    assert orjson.loads(body)["payload"]["bytes"] == len(SECRET)
    commitments = {orjson.loads(body)["payload"]["commitment"] for _, body in book.records()}
    assert len(commitments) == 20, "equal contents must not have equal commitments"
    assert SECRET not in everything(tmp_path)


def test_shredding_a_subject_takes_its_payloads_and_nobody_elses(book: Book, tmp_path: Path) -> None:
    gone, stays, tenants = add(book, SECRET, "ann@example.com"), add(book, b"bob's", "bob"), add(book, b"nobody's")
    wrapped = [bytes(row[0]) for row in book.query("SELECT wrapped FROM book_key WHERE owner LIKE 'p_%'")]
    position = book.shred("a", "ann@example.com", actor="local:0")
    with pytest.raises(Shredded):
        book.payload(gone)
    assert (book.payload(stays), book.payload(tenants)) == (b"bob's", b"nobody's")
    assert b"ann@example.com" not in everything(tmp_path)
    assert [each in everything(tmp_path) for each in wrapped] == [False, True]
    record = orjson.loads(dict(book.records())[position.index])
    assert (record["kind"], record["actor"]) == ("erasure", "local:0")
    assert book.payload(add(book, b"new", "ann@example.com")) == b"new"
    book.close()
    assert verify_book(tmp_path / "book.sqlite", [SIGNER.verifier]).ok


def test_a_swapped_or_altered_payload_does_not_open(book: Book, tmp_path: Path) -> None:
    first, second = add(book, b"first"), add(book, b"second")
    with sqlite3.connect(tmp_path / "book.sqlite") as db:
        (sealed,) = db.execute("SELECT sealed FROM book_payload WHERE idx = ?", (second,)).fetchone()
        db.execute("UPDATE book_payload SET sealed = ? WHERE idx = ?", (sealed, first))
    db.close()
    with pytest.raises(BookDamaged, match="altered, or is another record's"):
        book.payload(first)


def test_a_content_sealed_anew_by_a_key_holder_does_not_match_what_the_record_commits_to(book: Book) -> None:
    index = add(book, b"first")
    found = Keyring(MASTER).find(book._reader, "a", "")
    assert found is not None
    commitment = orjson.loads(dict(book.records())[index])["payload"]["commitment"]
    nonce = b"n" * 12
    forged = nonce + AESGCM(found[1]).encrypt(nonce, b"s" * 32 + b"second", commitment.encode())
    book.change_now([("UPDATE book_payload SET sealed = ? WHERE idx = ?", (forged, index))])
    with pytest.raises(BookDamaged, match="not what its record commits to"):
        book.payload(index)


def test_what_cannot_be_kept_or_read_says_why(book: Book, tmp_path: Path) -> None:
    with pytest.raises(RecordRefused, match="with a tenant"):
        book.append_now({"kind": "intent"}, tenant=None, payload=Payload(b"x"))
    with pytest.raises(RecordRefused, match="at most 16000000"):
        add(book, bytes(PAYLOAD_BYTES_MAX + 1))
    plain = book.append_now({"kind": "intent"}, tenant="a").index
    with pytest.raises(KeyMissing, match="has no payload"):
        book.payload(plain)
    kept = add(book, b"x")
    book.close()
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as blind:
        with pytest.raises(KeyMissing, match="without a master key"):
            blind.payload(kept)
        with pytest.raises(RecordRefused, match="master key"):
            add(blind, b"x")
    with (
        Book.open(tmp_path / "book.sqlite", signer=SIGNER, master=MasterKey(b"o" * 32)) as other,
        pytest.raises(KeyMissing, match="another master key"),
    ):
        other.payload(kept)
