"""Erasure, retention, legal hold and a new master key; what is destroyed is nowhere any more, the log stays whole."""

from pathlib import Path

import pytest

from audit.book import Book
from audit.errors import KeyMissing, Shredded
from audit.keeping import Keeping, OnHold, check_opens
from audit.master import MasterKey
from audit.note import Signer
from audit.payload import Payload
from audit.reader import Reader
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)
DAY_US = 86_400 * 1_000_000


def opened(folder: Path, master: MasterKey = MASTER, at_us: int = 100 * DAY_US) -> Book:
    return Book.open(folder / "book.sqlite", signer=SIGNER, master=master, now_us=lambda: at_us)


def say(book: Book, text: str, tenant: str = "a", subject: str | None = None) -> int:
    return book.append_now({"kind": "outcome"}, tenant=tenant, payload=Payload(text.encode(), subject)).index


def files(folder: Path) -> bytes:
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_after_shredding_nothing_of_a_subject_is_in_any_file_and_others_are_untouched(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        anns = [say(book, f"Ann lives at {n} Canal Street", subject="ann@example.com") for n in range(50)]
        other = say(book, "Bob", subject="bob@example.com")
        lost = book.query(
            "SELECT p.sealed, k.wrapped FROM book_payload p JOIN book_key k ON p.key = k.id WHERE p.idx <= ?",
            (anns[-1],),
        )
        assert len(lost) == 50
        assert all(sealed[20:60] in files(tmp_path) for sealed, _ in lost)
        Keeping(book).shred("a", "ann@example.com", actor="k9")
        for secret in (b"Canal Street", b"ann@example.com", *(part[12:44] for row in lost for part in row)):
            assert secret not in files(tmp_path)
        with pytest.raises(Shredded):
            book.payload(anns[0])
        assert book.payload(other) == b"Bob"
    assert verify_book(tmp_path / "book.sqlite", [SIGNER.verifier]).ok


def test_a_tenant_under_legal_hold_loses_nothing_until_it_is_lifted(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        index = say(book, "old")
        keeping = Keeping(book)
        keeping.hold("a", on=True, actor="k9", at_us=5)
        keeping.hold("a", on=True, actor="k9", at_us=6)
        assert keeping.holds() == {"a": 5}
        with pytest.raises(OnHold, match="tenant a is under legal hold"):
            keeping.shred("a", actor="k9")
        assert keeping.drop_old({}, 1, 200 * DAY_US) == {}
        assert book.payload(index) == b"old"
        keeping.hold("a", on=False, actor="k9", at_us=7)
        keeping.shred("a", actor="k9")
        with pytest.raises(Shredded):
            book.payload(index)
        changes = [body for _, body in book.records() if b'"object":"hold"' in body]
        assert len(changes) == 2


def test_retention_drops_old_contents_by_tenant_and_never_a_leaf(tmp_path: Path) -> None:
    with opened(tmp_path) as book:
        index = say(book, "of a")
        kept = say(book, "of b", tenant="b")
        dropped = Keeping(book).drop_old({"b": 300}, 30, 131 * DAY_US)
        assert dropped == {"a": 1}
        assert Keeping(book).drop_old({"b": 300}, 30, 131 * DAY_US) == {}
        with pytest.raises(Shredded):
            book.payload(index)
        assert book.payload(kept) == b"of b"
        [record] = [body for _, body in book.records() if b'"retention"' in body]
        assert b'"counts":{"payloads":1}' in record
    verdict = verify_book(tmp_path / "book.sqlite", [SIGNER.verifier])
    assert (verdict.ok, verdict.size) == (True, 3)


def test_another_master_key_opens_everything_and_the_old_one_nothing(tmp_path: Path) -> None:
    new = MasterKey(b"n" * 32)
    with opened(tmp_path) as book:
        indexes = [say(book, f"said {n}", subject=f"s{n}") for n in range(3)]
        old_wrapped = [bytes(row[0]) for row in book.query("SELECT wrapped FROM book_key")]
        assert Keeping(book).rewrap(MASTER, new, actor="local:0") == 4
    assert not any(each in files(tmp_path) for each in old_wrapped)
    with opened(tmp_path, new) as book:
        check_opens(book, new)
        assert [book.payload(index) for index in indexes] == [b"said 0", b"said 1", b"said 2"]
        with pytest.raises(KeyMissing, match="not the master key"):
            check_opens(book, MASTER)
    with opened(tmp_path) as book, pytest.raises(KeyMissing):
        book.payload(indexes[0])
    with Reader.open(tmp_path / "book.sqlite") as reader:
        bodies = [body for _, body in reader.records()]
    assert any(b'"object":"master key"' in body for body in bodies)
    assert not any(b"m" * 32 in body or b"n" * 32 in body for body in bodies)
