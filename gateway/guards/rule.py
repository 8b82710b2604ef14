"""A rule: a cheap gate that must hit, a pattern that gives spans, and a check that decides.

Gate and pattern are RE2 syntax, so no input makes them slow. A rule's `source` names the standard or issuer's document
that gives the value's form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import re2

from .findings import Hit

_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 - the engine below the wrapper, see Pattern
Check = Callable[[bytes, int, int], bool]
Find = Callable[[bytes, Sequence[Hit]], Iterable[Hit]]


class Pattern:
    """An RE2 pattern that gives plain spans.

    It calls the engine below re2's own wrapper, whose match objects cost several times what matching does.
    """

    __slots__ = ("_group", "_match")

    def __init__(self, pattern: str | bytes) -> None:
        compiled = re2.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        self._group = 1 if compiled.groups else 0
        self._match = compiled._regexp.Match  # noqa: SLF001 - see above; the version is locked by hash

    def spans(self, buf: bytes) -> Iterator[tuple[int, int]]:
        """Spans of the first group (of the whole match if there is none), one match after the other."""
        at, size = 0, len(buf)
        while True:
            found = self._match(_UNANCHORED, buf, at, size)
            span = found[self._group]
            if found[0][0] < 0:
                return
            yield span
            at = max(found[0][1], at + 1)
            if at > size:
                return

    def span(self, buf: bytes, at: int = 0) -> tuple[int, int] | None:
        """Return the span of the first match from `at` on, if there is one."""
        found = self._match(_UNANCHORED, buf, at, len(buf))
        return None if found[0][0] < 0 else found[self._group]


@dataclass(frozen=True, slots=True)
class Rule:
    """`find(buf, taken)` gives hits in byte offsets of the normalised text; it runs only where `gate` matches.

    `taken` is what the rules before it found: a rule may pass that over.
    """

    name: str
    kinds: frozenset[str]
    gate: str
    source: str
    find: Find


def pattern_rule(
    name: str, kind: str, pattern: str, source: str, *, gate: str | None = None, check: Check | None = None
) -> Rule:
    """Return a rule whose hits are `pattern`'s first group, or its whole match if it has none, where `check` agrees."""
    compiled = Pattern(pattern)

    def find(buf: bytes, _taken: Sequence[Hit]) -> Iterator[Hit]:
        for start, end in compiled.spans(buf):
            if check is None or check(buf, start, end):
                yield Hit(start, end, kind, name)

    return Rule(name, frozenset({kind}), pattern if gate is None else gate, source, find)


def before(buf: bytes, start: int, size: int) -> bytes:
    """Return at most `size` bytes of what stands before `start` in the same text (TEXT_END parts joined texts)."""
    return buf[max(0, start - size) : start].rpartition(b"\x00")[2]


def words(*alternatives: str) -> str:
    """Return a case-insensitive alternation for a context word; a blank stands for any joiner."""
    return "(?i:" + "|".join(word.replace(" ", r"[ _\-.]?") for word in alternatives) + ")"


def value_after(
    context: str,
    value: str,
    *,
    gap: str = r"[^\w\n]{0,6}(?i:(?:is|are|was|no|nr|num|number|of|my|the|=|:)[^\w\n]{1,4}){0,3}",
) -> str:
    """Return a pattern whose group is `value` right after a context word, in prose, JSON, YAML or assignments."""
    return rf"{context}{gap}({value})"
