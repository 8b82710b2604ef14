"""Everything that is written in digits: cards, social security numbers, phones and national numbers.

A run of digits with joiners is found once and cut into groups; each window of groups is looked up by its shape, so
`4111 1111 1111 1111`, `123-45-6789` and `4 1 1 1 …` need no pattern each. Checksums and the words before decide.
"""

from __future__ import annotations

from collections.abc import Iterator

import re2

from ..findings import Hit
from ..rule import Rule
from .numbers import Number, classify

_RUN = re2.compile(rb"[+(]{0,2}\d(?:[ \t.\-/()_]{0,4}\d)+")
_GATE = r"\d(?:[ \t.\-/()_]{0,4}\d){6}"
_GROUP = re2.compile(rb"\d+")
_GROUPS_MAX = 9
_DIGITS_MIN = 7
_DIGITS_MAX = 24
_WHOLE_DIGITS_MAX = 24


def _numbers(buf: bytes) -> Iterator[Hit]:
    for match in _RUN.finditer(buf):
        start, end = match.span()
        if end - start < _DIGITS_MIN:
            continue
        groups = [group.span() for group in _GROUP.finditer(buf, start, end)]
        yield from _windows(buf, start, end, groups)


def _windows(buf: bytes, start: int, end: int, groups: list[tuple[int, int]]) -> Iterator[Hit]:
    """The whole run first, since odd groupings are only trusted whole; then every window, longest first."""
    count = len(groups)
    if sum(stop - begin for begin, stop in groups[: _WHOLE_DIGITS_MAX + 1]) <= _WHOLE_DIGITS_MAX:
        hit = classify(Number.of(buf, start, end, groups, whole=True))
        if hit is not None:
            yield hit
            return
    if count == 1:
        return
    at = 0
    while at < count:
        for size in range(min(_GROUPS_MAX, count - at), 0, -1):
            window = groups[at : at + size]
            if not _DIGITS_MIN <= window[-1][1] - window[0][0] <= _DIGITS_MAX * 2:
                continue
            begin = start if at == 0 else window[0][0]
            hit = classify(Number.of(buf, begin, window[-1][1], window, whole=False))
            if hit is not None:
                yield hit
                at += size
                break
        else:
            at += 1


RULES: tuple[Rule, ...] = (
    Rule("digits", frozenset({"card", "ssn", "phone", "national_id", "tax_id"}), _GATE, "see numbers.py", _numbers),
)
