"""Books written by earlier versions: they verify, export, are searched and told, and are written on.

`tests/audit/books/format1.sqlite` was written by the first version (before holds and retention); it is never made anew.
"""

import io
import shutil
from pathlib import Path

import pytest

from audit.book import Book
from audit.bundle import verify_bundle, write_bundle
from audit.export import Selection, export_csv, export_jsonl
from audit.keeping import Keeping
from audit.master import MasterKey
from audit.note import Signer
from audit.reader import Reader
from audit.search import SearchIndex
from audit.story import tell
from audit.verify import verify_book

SIGNER = Signer("example.com/log", b"s" * 32)
MASTER = MasterKey(b"m" * 32)
ROOT = "6ae8c0b780c8a5fc640ff9fca07f995964fc713b43acef319591534b5ad8d2d5"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "book.sqlite"
    shutil.copy(Path(__file__).with_name("books") / "format1.sqlite", path)
    return path


def test_an_earlier_book_verifies_to_the_root_it_had(path: Path) -> None:
    verdict = verify_book(path, [SIGNER.verifier])
    assert (verdict.ok, verdict.size, verdict.signed_size, verdict.root.hex()) == (True, 300, 300, ROOT)


def test_an_earlier_book_is_exported_searched_and_told(path: Path, tmp_path: Path) -> None:
    with Reader.open(path) as reader:
        assert export_jsonl(reader, io.BytesIO(), Selection()) == 300
        assert export_csv(reader, io.BytesIO(), Selection(tenant="a")) == 152
        with (tmp_path / "bundle").open("wb") as out:
            write_bundle(reader, out, Selection(tenant="b"))
        with SearchIndex(tmp_path / "search") as index:
            found = sorted(index.find(reader, run="r3", tool="search"))
        assert tell(reader, "r3", found).proven == len(found) == 10
    assert verify_bundle(tmp_path / "bundle", "example.com/log", [SIGNER.verifier]).ok


def test_an_earlier_book_is_written_on_and_what_it_kept_can_be_read_and_destroyed(path: Path) -> None:
    with Book.open(path, signer=SIGNER, master=MASTER) as book:
        assert book.payload(10) == b"hello 10"
        assert Keeping(book).holds() == {}
        [(tenant,)] = book.query("SELECT tenant FROM book_leaf WHERE idx = 10")
        Keeping(book).shred(tenant, "ann", actor="k9")
        book.append_now({"kind": "intent"}, tenant="a")
    verdict = verify_book(path, [SIGNER.verifier])
    assert (verdict.ok, verdict.size) == (True, 302)
