"""What a book promises wherever it lies: each case runs over a file and over a PostgreSQL server."""

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.anchor import FileAnchor
from audit.append import BookLimits
from audit.book import Book
from audit.bundle import verify_bundle, write_bundle
from audit.errors import KeyMissing, RecordRefused, Shredded, StatementFailed
from audit.export import Selection, export_csv, export_jsonl
from audit.folder import verify_folder
from audit.keeping import Keeping, OnHold, check_opens
from audit.master import MasterKey
from audit.payload import Payload
from audit.payloads import verify_payloads
from audit.place import File, Place
from audit.postgres import Server
from audit.publish import publish
from audit.reader import Reader
from audit.search import SearchIndex
from audit.verify import verify_book
from tests.audit.opening import SCHEMA, SIGNER, record
from tests.servers.live import Postgres

MASTER = MasterKey(b"m" * 32)
DAY_US = 86_400 * 1_000_000
ORIGIN = SIGNER.name


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "file":
        return File(tmp_path / "book.sqlite")
    server: Postgres = request.getfixturevalue("postgres")
    return Server(server.database())


def opened(place: Place, **more: Any) -> Book:
    return Book.open(place, signer=SIGNER, schema=SCHEMA, **{"master": MASTER, **more})


@pytest.fixture
def book(place: Place) -> Iterator[Book]:
    with opened(place, now_us=lambda: 100 * DAY_US) as one:
        yield one


def say(book: Book, text: str, tenant: str = "a", subject: str | None = None) -> int:
    return book.append_now(record(), tenant=tenant, payload=Payload(text.encode(), subject)).index


async def test_records_are_numbered_in_order_and_readable_once_acknowledged(book: Book) -> None:
    found = await asyncio.gather(*(book.append(record(n=n), tenant=f"t{n % 3}") for n in range(600)))
    assert [each.index for each in found] == list(range(600))
    assert [each.tseq for each in found[::3]] == list(range(1, 201))
    assert [orjson.loads(body)["n"] for _, body in book.records(start=100, end=103)] == [100, 101, 102]
    assert (book.size, book.queued, book.failure) == (600, 0, None)


async def test_a_state_change_is_committed_with_its_record_or_neither_is(book: Book) -> None:
    add = "INSERT INTO thing VALUES(?, ?)"
    results = await asyncio.gather(
        book.append(record(), tenant="a", statements=[(add, ("x", 1))]),
        book.append(record(), tenant="a", statements=[(add, ("y", 1)), (add, ("x", 2))]),
        book.append({"kind": "intent", "cost": 0.1}, tenant="a"),
        book.append(record(), tenant="a", statements=[(add, ("z", 2**40))]),
        return_exceptions=True,
    )
    assert [type(each) for each in results[1:3]] == [StatementFailed, RecordRefused]
    assert book.query("SELECT name, n FROM thing ORDER BY name") == [("x", 1), ("z", 2**40)]
    assert book.size == 2
    await book.change([("UPDATE thing SET n = n + ? WHERE name = ?", (1, "x"))])
    assert book.query("SELECT n FROM thing WHERE name = ?", ("x",)) == [(2,)]


def test_a_reopened_book_goes_on_where_it_ended_and_verifies(place: Place) -> None:
    for start in range(0, 600, 300):
        with opened(place, limits=BookLimits(heads_max=1)) as book:

            async def write(book: Book = book) -> None:
                await asyncio.gather(*(book.append(record(), tenant="ab"[n % 2]) for n in range(300)))

            asyncio.run(write())
            assert book.size == start + 300
    verdict = verify_book(place, [SIGNER.verifier])
    assert verdict.ok, verdict.sentences()
    assert (verdict.size, verdict.signed_size, verdict.tenants) == (600, 600, {"a": 300, "b": 300})


def test_a_shredded_subject_or_tenant_cannot_be_read_and_the_log_stays_whole(place: Place) -> None:
    with opened(place) as book:
        before = book.secret("a")
        ann, bob, other = say(book, "Ann", subject="ann"), say(book, "Bob", subject="bob"), say(book, "x", tenant="b")
        Keeping(book).shred("a", "ann", actor="k")
        with pytest.raises(Shredded):
            book.payload(ann)
        assert book.payload(bob) == b"Bob"
        again = say(book, "Ann again", subject="ann")
        assert book.payload(again) == b"Ann again"
        Keeping(book).shred("a", actor="k")
        with pytest.raises(Shredded):
            book.payload(bob)
        assert book.secret("a") != before
        assert book.payload(other) == b"x"
        sealed = book.query("SELECT count(*) FROM book_payload p JOIN book_key k ON p.key = k.id WHERE k.tenant = 'a'")
        assert sealed == [(0,)]
        assert book.query("SELECT count(*) FROM book_key WHERE tenant = 'a' AND wrapped IS NOT NULL") == [(1,)]
    verdict = verify_book(place, [SIGNER.verifier])
    assert verify_payloads(place, MASTER, verdict) == 1
    assert verdict.ok, verdict.sentences()


def test_retention_spares_whom_a_legal_hold_protects(book: Book) -> None:
    kept, dropped = say(book, "held", tenant="a"), say(book, "old", tenant="b")
    keeping = Keeping(book)
    keeping.hold("a", on=True, actor="k", at_us=5)
    assert keeping.holds() == {"a": 5}
    with pytest.raises(OnHold):
        keeping.shred("a", actor="k")
    assert keeping.drop_old({}, 30, 131 * DAY_US) == {"b": 1}
    assert book.payload(kept) == b"held"
    with pytest.raises(Shredded):
        book.payload(dropped)
    keeping.hold("a", on=False, actor="k", at_us=6)
    assert keeping.drop_old({}, 30, 131 * DAY_US) == {"a": 1}


def test_all_keys_are_wrapped_anew_or_none(place: Place) -> None:
    new = MasterKey(b"n" * 32)
    with opened(place) as book:
        index = say(book, "said", subject="ann")
        with pytest.raises(KeyMissing):
            Keeping(book).rewrap(new, MASTER, actor="k")
        assert Keeping(book).rewrap(MASTER, new, actor="k") == 2
    with opened(place, master=new) as book:
        check_opens(book, new)
        assert book.payload(index) == b"said"
        with pytest.raises(KeyMissing):
            check_opens(book, MASTER)


def test_records_are_found_exported_and_proven(book: Book, place: Place, tmp_path: Path) -> None:
    for n in range(20):
        book.append_now(record(model=f"m{n % 2}", kind="outcome"), tenant="ab"[n % 2])
    book.close()
    with Reader.open(place, signed_only=True) as reader, SearchIndex(tmp_path / "search.sqlite") as index:
        found = [at for at, _ in index.find(reader, model="m1", tenant="b", limit=3)]
        assert found == [19, 17, 15]
        lines, table = io.BytesIO(), io.BytesIO()
        assert export_jsonl(reader, lines, Selection(tenant="a", from_us=100 * DAY_US)) == 10
        assert [json.loads(line)["index"] for line in lines.getvalue().splitlines()] == list(range(0, 20, 2))
        assert export_csv(reader, table, Selection(kind="outcome", run="r1")) == 20
        bundle = tmp_path / "bundle.json"
        with bundle.open("wb") as out:
            assert write_bundle(reader, out, Selection(tenant="b")) == 10
        assert verify_bundle(bundle, ORIGIN, [SIGNER.verifier]).ok
        assert publish(reader, tmp_path / "tiles", SIGNER.verifier, entries=True) == 20
        assert verify_folder(tmp_path / "tiles", ORIGIN, [SIGNER.verifier]).ok


def test_an_anchor_vouches_for_what_the_book_was(place: Place, tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor", ORIGIN, [SIGNER.verifier])
    for _ in range(2):
        with opened(place) as book:
            book.append_now(record(), tenant="a")
        with Reader.open(place) as reader:
            assert anchor.add(reader) is not None
            assert anchor.add(reader) is None
    verdict = verify_book(place, [SIGNER.verifier], anchors=anchor.checkpoints())
    assert (verdict.ok, [each.size for each in anchor.checkpoints()]) == (True, [1, 2])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("UPDATE book_leaf SET body = ? WHERE idx = 1", {"altered"}),
        ("DELETE FROM book_leaf WHERE idx = 2 AND body <> ?", {"truncated", "tenant"}),
        ("UPDATE book_leaf SET tenant = 'b' WHERE idx = 1 AND body <> ?", {"columns"}),
    ],
)
def test_what_was_altered_is_found(place: Place, change: str, kinds: set[str]) -> None:
    with opened(place) as book:
        for _ in range(3):
            book.append_now(record(), tenant="a")
    db = place.connect()
    db.execute(change, (b"{}",))
    db.close()
    assert {each.kind for each in verify_book(place, [SIGNER.verifier]).problems} & kinds == kinds


def test_only_the_log_it_was_made_for_is_written_there(place: Place) -> None:
    opened(place).close()
    with pytest.raises(Exception, match=r"is of 'example\.com/log', expected 'other'"):
        opened(place, origin="other")
