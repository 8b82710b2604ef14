"""Everything that is written in digits: cards, social security numbers, phones and national numbers.

A run of digits with joiners is found once and cut into groups; each window of groups is looked up by its shape, so
`4111 1111 1111 1111`, `123-45-6789` and `4 1 1 1 …` need no pattern each. Checksums and the words before decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Hit
from ..rule import Pattern, Rule
from .national_digits import NUMBERINGS
from .numbers import Number, classify
from .phones import SHAPES as PHONE_SHAPES

_RUN = Pattern(r"[+(]{0,2}\d(?:[ \t.\-/()_]{0,4}\d){6,}")
_GATE = r"\d(?:[ \t.\-/()_]{0,4}\d){6}"
_GROUP = re.compile(rb"\d+")
_GROUPS_MAX = 7
_DIGITS_MIN = 7
_WHOLE_DIGITS_MAX = 24
_CARD_SHAPES = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (8, 8), (6, 4, 5), (6, 7), (6, 10), (6, 13)}
# The groupings that are looked for inside a longer run; any other is only trusted when it is the whole run.
_SHAPES = frozenset(
    _CARD_SHAPES
    | PHONE_SHAPES
    | {(3, 2, 4), (3, 3, 4), (1, 3, 3, 4), (2, 5, 4)}
    | {shape for entry in NUMBERINGS for shape in entry.alone or ()}
    | {(size,) for size in range(_DIGITS_MIN, 20)}
)
_ISO_DATE, _DATE = (4, 2, 2), (2, 2, 4)
_CENTURIES = (b"19", b"20")


def _numbers(buf: bytes) -> Iterator[Hit]:
    for start, end in _RUN.spans(buf):
        if end - start < _DIGITS_MIN:
            continue
        groups = [group.span() for group in _GROUP.finditer(buf, start, end)]
        sizes = tuple([stop - begin for begin, stop in groups[:_WHOLE_DIGITS_MAX]])
        count = sum(sizes)
        if count < _DIGITS_MIN or _is_date(buf, groups, sizes):
            continue
        if count <= _WHOLE_DIGITS_MAX and len(groups) <= _WHOLE_DIGITS_MAX:
            hit = classify(Number.of(buf, start, end, groups, whole=True))
            if hit is not None:
                yield hit
                continue
        if len(groups) > 1:
            yield from _windows(buf, start, groups)


def _is_date(buf: bytes, groups: list[tuple[int, int]], sizes: tuple[int, ...]) -> bool:
    if sizes[:3] == _ISO_DATE:
        return buf[groups[0][0] : groups[0][0] + 2] in _CENTURIES and len(sizes) <= len(_ISO_DATE) + 1
    return sizes == _DATE and buf[groups[2][0] : groups[2][0] + 2] in _CENTURIES


def _windows(buf: bytes, start: int, groups: list[tuple[int, int]]) -> Iterator[Hit]:
    """Return the known groupings inside a run, longest first at each place; bounded work for each group."""
    sizes = [stop - begin for begin, stop in groups]
    count = len(groups)
    international = buf[start] in b"+("
    at = 0
    while at < count:
        anchored = at == 0 and international
        for size in range(min(_GROUPS_MAX, count - at), 0, -1):
            if not anchored and tuple(sizes[at : at + size]) not in _SHAPES:
                continue
            window = groups[at : at + size]
            if sum(sizes[at : at + size]) < _DIGITS_MIN:
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
