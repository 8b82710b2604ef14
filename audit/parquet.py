"""Records as Parquet for warehouses: the columns of the CSV, typed, in row groups that bound the memory it takes.

Needs pyarrow (`pip install 'tollhouse[parquet]'`). `time` is a UTC timestamp in µs, `nano_usd` and tokens are 64-bit
integers, lists and objects stand as JSON text; `leaf` is the hash that leads back to the book.
"""

from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from .export import CSV_COLUMNS, PAGE_ROWS, Progress, Selection, cells, select
from .reader import Reader

GROUP_ROWS = 5 * PAGE_ROWS
_INTEGERS = frozenset({"index", "tseq", "attempt", "step", "http", "nano_usd", "input_tokens", "output_tokens"})
_TIME = pa.timestamp("us", tz="UTC")


def _type(name: str) -> pa.DataType:
    if name == "time":
        return _TIME
    return pa.int64() if name in _INTEGERS else pa.string()


COLUMNS = pa.schema([pa.field(name, _type(name)) for name in CSV_COLUMNS])


def export_parquet(reader: Reader, out: IO[bytes], selection: Selection, *, progress: Progress | None = None) -> int:
    """Write the selected records; return their number."""
    count = 0
    rows: list[tuple[Any, ...]] = []
    with pq.ParquetWriter(out, COLUMNS, compression="zstd") as writer:
        for index, leaf, body in select(reader, selection):
            rows.append(_row(index, leaf, orjson.loads(body)))
            count += 1
            if len(rows) == GROUP_ROWS:
                writer.write_table(_table(rows))
                rows.clear()
            if progress is not None and count % PAGE_ROWS == 0:
                progress(count)
        if rows:
            writer.write_table(_table(rows))
    return count


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), COLUMNS, strict=True)]
    return pa.Table.from_arrays(columns, schema=COLUMNS)


def _row(index: int, leaf: bytes, record: dict[str, Any]) -> tuple[Any, ...]:
    own = {**cells(index, leaf, record), "time": record["at"]}
    return tuple(_value(own[name], field.type) for name, field in zip(CSV_COLUMNS, COLUMNS, strict=True))


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None or kind != pa.string() or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
