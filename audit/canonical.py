"""Canonical JSON: one record, one sequence of bytes.

Sorted keys, no spaces, UTF-8; only objects with string keys, lists, strings, 64-bit integers, booleans and null. Floats
are refused because two encoders may print one number in two ways. The stored bytes are the hashed bytes, so an auditor
never has to repeat this encoding; it exists so that equal records are equal bytes.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from .errors import RecordRefused

RECORD_BYTES_MAX = 65_535
"""One byte below 64 KiB: an entry bundle of tlog-tiles writes an entry's length in 16 bits."""

DEPTH_MAX = 32
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_OPTIONS |= orjson.OPT_PASSTHROUGH_SUBCLASS
_SCALARS = frozenset((str, int, bool, type(None)))


def encode(record: dict[str, Any], *, bytes_max: int = RECORD_BYTES_MAX) -> bytes:
    """Return the canonical bytes of a record.

    Raises RecordRefused for any other type than dict, list, str, int, bool and None, for keys that are not strings, for
    integers beyond 64 bits, for lone surrogates, for more than 32 levels and for more than `bytes_max` bytes.
    """
    _check(record, 0)
    try:
        encoded = orjson.dumps(record, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise RecordRefused(f"a record holds something that canonical JSON cannot carry: {error}") from error
    if len(encoded) > bytes_max:
        raise RecordRefused(f"a record has {len(encoded)} bytes, at most {bytes_max} are allowed")
    return encoded


def _check(tree: dict[str, Any] | list[Any], depth: int) -> None:
    if depth == DEPTH_MAX:
        raise RecordRefused(f"a record is nested deeper than {DEPTH_MAX} levels")
    values: Iterable[Any] = tree.values() if isinstance(tree, dict) else tree
    for value in values:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is dict or kind is list:
            _check(value, depth + 1)
        else:
            raise RecordRefused(
                f"a record holds a {kind.__name__}; only objects, lists, strings, integers, booleans and null are kept"
            )
