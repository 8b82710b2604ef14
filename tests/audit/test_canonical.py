"""Canonical JSON: equal records are equal bytes, and what has two spellings is refused."""

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import DEPTH_MAX, RECORD_BYTES_MAX, encode
from audit.errors import RecordRefused

TEXTS = st.text('aé\u2028\U0001f600"\\ \x00z', max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(st.dictionaries(TEXTS, TREES))
def test_the_order_of_keys_does_not_matter_and_nothing_is_lost(record: dict[str, Any]) -> None:
    encoded = encode(record)
    assert encode(dict(reversed(record.items()))) == encoded
    assert orjson.loads(encoded) == record


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), {1: 2}, {1, 2}, b"bytes", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 2**64, "\ud800"],
    ids=repr,
)
def test_anything_with_two_spellings_is_refused_wherever_it_lies(value: Any) -> None:
    with pytest.raises(RecordRefused):
        encode({"a": [{"b": value}]})


def test_a_record_too_large_or_too_deep_is_refused_with_both_numbers() -> None:
    encode({"a": "x" * (RECORD_BYTES_MAX - 8)})
    with pytest.raises(RecordRefused, match="65536 bytes, at most 65535"):
        encode({"a": "x" * (RECORD_BYTES_MAX - 7)})
    deep: Any = 1
    for _ in range(DEPTH_MAX - 1):
        deep = [deep]
    encode({"a": deep})
    with pytest.raises(RecordRefused):
        encode({"a": [deep]})
