"""Everything that is written in digits: cards, social security numbers, phones and national numbers.

A run of digits with joiners is found once and cut into groups; each window of groups is looked up by its shape, so
`4111 1111 1111 1111`, `123-45-6789` and `4 1 1 1 …` need no pattern each. Checksums and the words before decide.
Runs are looked for in a shadow of the text that knows only digit, joiner and other: the standard library's engine then
leaps from digit to digit, and the pattern is possessive, so it never goes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..findings import Hit
from ..rule import Rule
from .national_digits import NUMBERINGS
from .numbers import ALNUM, CONTEXT_BYTES, ESCAPED, classify, words_tell
from .payment import is_card
from .phones import SHAPES as PHONE_SHAPES

_GATE = r"\d(?:[ \t.\-/()_]{0,4}\d){6}"
_JOINERS = b" \t.-/()_"
_SHADOW = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 if byte in _JOINERS else 0x78 for byte in range(256))  # noqa: PLR2004 - ASCII digits
_RUN = re.compile(rb"0(?: {0,4}+0){6,}+")
_GROUP = re.compile(rb"0++")
_INTERNATIONAL = b"+("
_NOT_DIGITS = _JOINERS + _INTERNATIONAL
_GROUPS_MAX = 7
_CARD_DIGITS_MIN = 13
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
_UNDERSCORE = 0x5F
_WIDE = b" \t()"


class _Node:
    """A tree of the shapes by their groups' sizes; `ends` where one is complete."""

    __slots__ = ("after", "ends")

    def __init__(self) -> None:
        self.after: dict[int, _Node] = {}
        self.ends = False


def _tree(shapes: frozenset[tuple[int, ...]]) -> _Node:
    root = _Node()
    for shape in shapes:
        if len(shape) <= _GROUPS_MAX and sum(shape) >= _DIGITS_MIN:
            node = root
            for size in shape:
                node = node.after.setdefault(size, _Node())
            node.ends = True
    return root


_TREE = _tree(_SHAPES)
# Deep in a run no word can help, and one number in ten checks by chance: a table of years would be full of Aadhaar.
_BARE_TREE = _tree(_SHAPES - {(4, 4, 4)})
_ONLY_CARDS = frozenset(_CARD_SHAPES - PHONE_SHAPES - {shape for entry in NUMBERINGS for shape in entry.alone or ()})


def _numbers(buf: bytes, taken: Sequence[Hit]) -> Iterator[Hit]:
    shadow = buf.translate(_SHADOW)
    ibans = [(hit.start, hit.end) for hit in taken if hit.kind == "iban"]
    ibans.reverse()
    told: bool | None = None
    for match in _RUN.finditer(shadow):
        start, end = match.span()
        while ibans and ibans[-1][1] < end:
            ibans.pop()
        if ibans and ibans[-1][0] <= start:
            continue
        if start and buf[start - 1] in ALNUM and _is_tied(buf, start, end):
            continue
        sizes = tuple(map(len, shadow[start:end].split()))
        if _is_date(buf, start, sizes):
            continue
        count = sum(sizes)
        if start and buf[start - 1] in _INTERNATIONAL:
            start -= 2 if start > 1 and buf[start - 2] in _INTERNATIONAL else 1
        possible = count <= _WHOLE_DIGITS_MAX
        if possible and not _tells(buf, start, sizes, count):
            if told is None:
                told = words_tell(buf)
            possible = told
        if possible:
            digits = buf[start:end].translate(None, _NOT_DIGITS).decode()
            hit = classify(buf, start, end, digits, sizes, whole=True)
            if hit is not None:
                yield hit
                continue
        if len(sizes) > 1 and (count - min(sizes[0], sizes[-1]) >= _DIGITS_MIN or buf[start] in _INTERNATIONAL):
            yield from _windows(buf, start, [group.span() for group in _GROUP.finditer(shadow, start, end)], sizes)


def _tells(buf: bytes, start: int, sizes: tuple[int, ...], count: int) -> bool:
    """Whether the grouping alone could make it something, without any word."""
    return (
        sizes in _SHAPES
        or count >= _CARD_DIGITS_MIN
        or len(sizes) == count
        or buf[start] in _INTERNATIONAL
        or buf[max(start - 1, 0) : start] in {b"B", b"b"}
    )


def _is_tied(buf: bytes, start: int, end: int) -> bool:
    """Whether the whole run is the tail of an identifier: a letter before it, and nothing wide between its groups."""
    run = buf[start:end]
    return buf[max(0, start - 3) : start] not in ESCAPED and run.translate(None, _WIDE) == run


def _is_date(buf: bytes, start: int, sizes: tuple[int, ...]) -> bool:
    if sizes[:3] == _ISO_DATE:
        return buf[start : start + 2] in _CENTURIES and len(sizes) <= len(_ISO_DATE) + 1
    if sizes == _DATE:
        return buf[start : start + 16].translate(None, _JOINERS)[4:6] in _CENTURIES
    # 1_000_000, as programs write it
    return len(sizes) > 1 and buf[start + sizes[0]] == _UNDERSCORE and set(sizes[1:]) == {3}


def _windows(buf: bytes, start: int, groups: list[tuple[int, int]], sizes: tuple[int, ...]) -> Iterator[Hit]:
    """Return the known groupings inside a run, longest first at each place; bounded work for each group."""
    count = len(groups)
    at = 0
    if buf[start] in _INTERNATIONAL:
        for size in range(min(_GROUPS_MAX, count), 0, -1):
            hit = _window(buf, start, groups[size - 1][1], sizes[:size], bare=False)
            if hit is not None:
                yield hit
                at = size
                break
        else:
            at = 1
    words_end = groups[0][0] + CONTEXT_BYTES
    while at < count:
        ends = []
        begin = start if at == 0 else groups[at][0]
        bare = begin >= words_end
        node: _Node | None = _BARE_TREE if bare else _TREE
        for stop in range(at, count):
            node = node.after.get(sizes[stop])  # type: ignore[union-attr]
            if node is None:
                break
            if node.ends:
                ends.append(stop + 1)
        for stop in reversed(ends):
            hit = _window(buf, begin, groups[stop - 1][1], sizes[at:stop], bare=bare)
            if hit is not None:
                yield hit
                at = stop
                break
        else:
            at += 1


def _window(buf: bytes, begin: int, end: int, sizes: tuple[int, ...], *, bare: bool) -> Hit | None:
    digits = buf[begin:end].translate(None, _NOT_DIGITS).decode()
    if len(digits) < _DIGITS_MIN or (bare and sizes in _ONLY_CARDS and not is_card(digits)):
        return None
    return classify(buf, begin, end, digits, sizes, whole=False, bare=bare)


RULES: tuple[Rule, ...] = (
    Rule("digits", frozenset({"card", "ssn", "phone", "national_id", "tax_id"}), _GATE, "see numbers.py", _numbers),
)
