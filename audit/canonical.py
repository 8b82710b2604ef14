"""Canonical JSON: one record, one sequence of bytes.

Sorted keys, no spaces, UTF-8; only objects with string keys, lists, strings, 64-bit integers, booleans and null. Floats
are refused because two encoders may print one number in two ways. The stored bytes are the hashed bytes, so an auditor
never has to repeat this encoding; it exists so that equal records are equal bytes.
"""

from functools import reduce
from typing import Any

import msgspec
import orjson

from .errors import RecordRefused

RECORD_BYTES_MAX = 65_535
"""One byte below 64 KiB: an entry bundle of tlog-tiles writes an entry's length in 16 bits."""

DEPTH_MAX = 12
"""Levels of objects and lists within a record."""

_SCALAR: Any = str | int | bool | None
_TREE: Any = reduce(
    lambda below, _: dict.__class_getitem__((str, below)) | list.__class_getitem__(below) | _SCALAR,
    range(DEPTH_MAX),
    _SCALAR,
)


class _Shape(msgspec.Struct):
    """The types of a record, checked in C at half the price of a walk in Python."""

    record: _TREE


def encode(record: dict[str, Any], *, bytes_max: int = RECORD_BYTES_MAX) -> bytes:
    """Return the canonical bytes of a record.

    Raises RecordRefused for any other type than dict, list, str, int, bool and None, for keys that are not strings, for
    integers beyond 64 bits, for lone surrogates, for more than 12 levels and for more than `bytes_max` bytes.
    """
    try:
        msgspec.convert({"record": record}, _Shape)
        encoded = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
    except (msgspec.ValidationError, orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise RecordRefused(f"a record holds something that canonical JSON does not allow: {error}") from error
    if len(encoded) > bytes_max:
        raise RecordRefused(f"a record has {len(encoded)} bytes, at most {bytes_max} are allowed")
    return encoded
