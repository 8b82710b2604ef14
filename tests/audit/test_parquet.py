"""Parquet: typed columns, in row groups of a bounded size, equal to what the CSV says."""

import datetime as dt
import io
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from audit.book import Book
from audit.export import CSV_COLUMNS, Selection
from audit.note import Signer
from audit.parquet import GROUP_ROWS, export_parquet
from audit.reader import Reader
from tests.audit.writing import write

SIGNER = Signer("example.com/log", b"s" * 32)


def test_columns_have_types_and_what_is_absent_is_null(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER, now_us=lambda: 1_700_000_000_000_001) as book:
        billed = [{"nano_usd": 5, "input_tokens": 2, "output_tokens": 1}, {"nano_usd": 7}]
        record = {
            "kind": "outcome",
            "call": "c",
            "billed": billed,
            "status": {"http": 200},
            "findings": [{"kind": "iban"}],
        }
        book.append_now(record, tenant="=a")
        book.append_now({"kind": "intent", "call": "d"}, tenant=None)
    out = io.BytesIO()
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert export_parquet(reader, out, Selection()) == 2
        leaf = next(iter(reader.rows()))[1].hex()
    table = pq.read_table(out)
    assert table.column_names == list(CSV_COLUMNS)
    assert table.schema.field("time").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("nano_usd").type == pa.int64()
    first, second = table.to_pylist()
    assert first["time"] == dt.datetime(2023, 11, 14, 22, 13, 20, 1, dt.UTC)
    assert (first["nano_usd"], first["input_tokens"], first["http"], first["tenant"]) == (12, 2, 200, "=a")
    assert (orjson.loads(first["findings"]), first["leaf"]) == ([{"kind": "iban"}], leaf)
    assert (second["nano_usd"], second["tenant"], second["findings"], second["call"]) == (None, None, None, "d")


def test_nothing_selected_is_a_table_without_rows(tmp_path: Path) -> None:
    with Book.open(tmp_path / "book.sqlite", signer=SIGNER) as book:
        book.append_now({"kind": "intent", "call": "c"}, tenant="a")
    out = io.BytesIO()
    with Reader.open(tmp_path / "book.sqlite") as reader:
        assert export_parquet(reader, out, Selection(tenant="b")) == 0
    assert pq.read_table(out).num_rows == 0


def test_rows_are_written_in_groups_so_that_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    with Book.open(path, signer=SIGNER) as book:
        write(book, [{"kind": "intent", "call": f"c{number}"} for number in range(GROUP_ROWS + 1)])
    told: list[int] = []
    out = io.BytesIO()
    with Reader.open(path) as reader:
        assert export_parquet(reader, out, Selection(), progress=told.append) == GROUP_ROWS + 1
    file = pq.ParquetFile(out)
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [GROUP_ROWS, 1]
    assert told[-1] == GROUP_ROWS
