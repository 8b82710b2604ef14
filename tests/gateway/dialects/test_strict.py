"""JSON is taken only if every reader reads the same, and what is sent on has the same values."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.strict import decode, decode_reply, encode
from gateway.errors import InvalidRequest, UpstreamError

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return type(one) is type(other) and (one == other) and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(TREES, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_read_and_written_has_the_same_values_in_the_same_order(tree: Any, ascii_: bool, indent: Any) -> None:
    body = json.dumps(tree, ensure_ascii=ascii_, indent=indent).encode()
    assert same(decode(encode(decode(body))), tree)


@given(st.dictionaries(TEXTS, TREES, min_size=1, max_size=5), st.data())
def test_a_name_that_stands_twice_is_always_found(tree: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(tree)))
    spelt = "".join(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in name)
    members = [f"{json.dumps(key)}:{json.dumps(value)}" for key, value in tree.items()]
    members.insert(data.draw(st.integers(0, len(members))), f'"{spelt}":0')
    body = "{" + ",".join(members) + "}"
    wrapped = data.draw(st.sampled_from([body, f"[{body}]", f'{{"a":[1,{body}]}}']))
    with pytest.raises(InvalidRequest, match="stands twice"):
        decode(wrapped.encode())


@given(TEXTS)
def test_a_text_that_looks_like_names_is_a_text(text: str) -> None:
    tree = {"a": f'{{"a": 1, "a" : 2}} {text}', "b": ['":"', '\\":']}
    assert decode(json.dumps(tree).encode()) == tree


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, int("9" * 400)])
def test_an_integer_that_would_change_is_refused(number: int) -> None:
    with pytest.raises(InvalidRequest, match=r"number|64 bits"):
        decode(b'{"a": %d}' % number)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nul",
        b"NaN",
        b"1e400",
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"{'a':1}",
        b'{"a":1,}',
        b"[" * 5_000,
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="line 1, column"):
        decode(body)


def test_depth_is_bounded_with_both_figures() -> None:
    decode(b"[" * 64 + b"]" * 64)
    with pytest.raises(InvalidRequest, match="nested 65 deep; at most 64") as refused:
        decode(b"[" * 65 + b"]" * 65)
    assert (refused.value.limit, refused.value.actual) == (64, 65)


def test_an_upstream_s_broken_json_is_its_failure_and_none_of_it_is_quoted() -> None:
    assert decode_reply(b'{"a":1}') == {"a": 1}
    with pytest.raises(UpstreamError) as failed:
        decode_reply(b'{"secret words')
    assert "secret words" not in str(failed.value)
