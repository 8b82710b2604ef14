"""Exports: streaming, selected, and each line can be hashed again."""

import io
from pathlib import Path

import orjson
import pytest

from audit.book import Book
from audit.errors import BookError
from audit.export import Selection, export_jsonl
from audit.merkle import leaf_hash, verify_inclusion
from audit.note import Signer
from audit.reader import Reader

SIGNER = Signer("example.com/log", b"s" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    clock = iter(range(1_000, 10_000_000, 10))
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER, now_us=lambda: next(clock)) as book:
        for each in range(1_200):
            kind = "intent" if each % 2 == 0 else "outcome"
            book.append_now({"kind": kind, "run": f"r{each // 100}"}, tenant="ab"[each % 2])
    return tmp_path / "book.sqlite"


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
