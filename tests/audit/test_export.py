"""Exports: streaming, selected, and each line can be hashed again."""

import csv
import io
from pathlib import Path

import orjson
import pytest

from audit.append import BookLimits
from audit.book import Book
from audit.errors import BookError
from audit.export import Selection, export_csv, export_jsonl, first_at
from audit.merkle import leaf_hash, verify_inclusion
from audit.note import Signer
from audit.reader import Reader
from tests.audit.writing import write

SIGNER = Signer("example.com/log", b"s" * 32)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    clock = iter(range(1_000, 10_000_000, 10))
    limits = BookLimits(group_max=1)
    with Book.open(folder / "book.sqlite", signer=SIGNER, now_us=lambda: next(clock), limits=limits) as book:
        for each in range(1_200):
            kind = "intent" if each % 2 == 0 else "outcome"
            book.append_now({"kind": kind, "run": f"r{each // 100}"}, tenant="ab"[each % 2])
    return folder / "book.sqlite"


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(), 1_200),
        (Selection(tenant="a"), 600),
        (Selection(run="r3"), 100),
        (Selection(kind="outcome", run="r3"), 50),
        (Selection(tenant="a", kind="outcome"), 0),
        (Selection(from_us=1_000, until_us=1_050), 5),
    ],
)
def test_a_selection_is_exported_in_order_and_every_line_hashes_to_its_leaf(
    path: Path, selection: Selection, count: int
) -> None:
    out = io.BytesIO()
    told: list[int] = []
    with Reader.open(path) as reader:
        assert export_jsonl(reader, out, selection, progress=told.append) == count
        root = reader.root()
        lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
        assert [line["index"] for line in lines] == sorted(line["index"] for line in lines)
        for line, raw in zip(lines[:50], out.getvalue().splitlines(), strict=False):
            body = raw[raw.index(b'"record":') + 9 : -1]
            assert leaf_hash(body).hex() == line["leaf"]
            verify_inclusion(line["index"], reader.size, leaf_hash(body), reader.prove(line["index"]), root)
    assert len(lines) == count
    assert told == ([1_000] if count > 1_000 else [])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="does not exist"):
        Reader.open(tmp_path / "nothing")


def test_a_spreadsheet_gets_the_main_fields_flat_and_no_formula(tmp_path: Path) -> None:
    out = io.BytesIO()
    told: list[int] = []
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER, now_us=lambda: 1_700_000_000_000_000) as book:
        billed = [{"nano_usd": 5, "input_tokens": 2, "output_tokens": 1}, {"nano_usd": 7}]
        status = {"http": 200, "finish": "stop"}
        book.append_now({"kind": "outcome", "model": "=cmd()", "billed": billed, "status": status}, tenant="a")
        book.append_now({"kind": "reload", "decisions": [{"stage": "guard"}], "findings": {}}, tenant=None)
        write(book, ({"kind": "reload"} for _ in range(1_000)), tenant=None)
        with Reader.open(tmp_path / "book.sqlite") as reader:
            assert export_csv(reader, out, Selection(), progress=told.append) == 1_002
    first, second, *_ = csv.DictReader(io.StringIO(out.getvalue().decode()))
    assert (first["time"], first["model"], first["http"]) == ("2023-11-14T22:13:20.000000+00:00", "'=cmd()", "200")
    assert (first["nano_usd"], first["input_tokens"], first["tenant"]) == ("12", "2", "a")
    assert (second["decisions"], second["findings"], second["nano_usd"]) == ('[{"stage":"guard"}]', "", "")
    assert told == [1_000]


@pytest.mark.parametrize(
    ("at_us", "index"), [(0, 0), (1_000, 0), (1_001, 1), (1_010, 1), (12_990, 1_199), (13_000, 1_200)]
)
def test_the_first_record_of_an_instant_is_found_by_halving(path: Path, at_us: int, index: int) -> None:
    with Reader.open(path) as reader:
        assert first_at(reader, at_us) == index
