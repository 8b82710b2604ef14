"""JSON as we accept it: RFC 8259 and I-JSON's (RFC 7493) unique names, valid Unicode and numbers that survive.

What is sent on is our own encoding of the tree that was inspected; so a body whose reading is ambiguous (duplicate
names: parsers differ) or would change on the way (integers beyond 64 bits, lone surrogates) is refused.
"""

import json
import re
from typing import Any

import orjson

from ..errors import InvalidRequest, UpstreamError

# Every structural name is a quote, spaces and a colon; a text may hold that too, so this counts at least the names.
_NAME = re.compile(rb'"[ \t\r\n]*:')
_EXACT_FLOAT_MAX = 2.0**53


class _Ambiguous(ValueError):
    pass


def decode(body: bytes, *, depth_max: int = 64) -> Any:
    """Return the tree of a JSON body (bytes, UTF-8), or raise InvalidRequest with the reason and the place."""
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            f"the body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from (None)
    names, depth, wide = _measure(tree)
    if depth > depth_max:
        raise InvalidRequest(
            f"the body is nested {depth} deep; at most {depth_max} are read", limit=depth_max, actual=depth
        )
    if wide or names != len(_NAME.findall(body)):
        _read_slowly(body)
    return tree


def _measure(tree: Any) -> tuple[int, int, bool]:
    """Count member names, the depth, and whether a number may have been an integer beyond 64 bits."""
    names = depth = 0
    wide = False
    level = [tree]
    while level:
        below: list[Any] = []
        for node in level:
            kind = type(node)
            if kind is dict:
                names += len(node)
                below += node.values()
            elif kind is list:
                below += node
            elif kind is float and (node >= _EXACT_FLOAT_MAX or node <= -_EXACT_FLOAT_MAX):
                wide = True
        level = [node for node in below if type(node) in _DEEPER]
        depth += 1
    return names, depth, wide


_DEEPER = frozenset({dict, list, float})


def _read_slowly(body: bytes) -> None:
    """Read with the standard library, which shows each object's names as they stand and keeps integers whole."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        tree = dict(pairs)
        if len(tree) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _Ambiguous(f"the member {twice[:64]!r} stands twice in one object; only one reading may be sent on")
        return tree

    def whole(digits: str) -> int:
        number = int(digits) if len(digits) <= 20 else 2**65  # noqa: PLR2004 - 64 bits are at most 20 characters
        if not -(2**63) <= number < 2**64:
            raise _Ambiguous(f"the integer {digits[:24]} does not fit 64 bits and would be changed on the way")
        return number

    try:
        json.loads(body, object_pairs_hook=unique, parse_int=whole)
    except _Ambiguous as error:
        raise InvalidRequest(str(error)) from None


def decode_reply(body: bytes) -> Any:
    """Return the tree of an upstream's JSON, or raise UpstreamError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UpstreamError(f"the upstream sent broken JSON: {error.msg} at character {error.pos}") from None


def encode(tree: Any) -> bytes:
    """Return the tree as compact UTF-8 JSON, members in their order."""
    return orjson.dumps(tree)
