"""A rule: a cheap gate that must hit, a pattern that gives spans, and a check that decides.

Gate and pattern are RE2 syntax, so no input makes them slow. A rule's `source` names the standard or issuer's document
that gives the value's form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import re2

from .findings import Hit

Check = Callable[[bytes, int, int], bool]
Find = Callable[[bytes], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`find(buf)` yields hits in byte offsets of the normalised text; it runs only where `gate` matches."""

    name: str
    kinds: frozenset[str]
    gate: str
    source: str
    find: Find


def pattern_rule(
    name: str, kind: str, pattern: str, source: str, *, gate: str | None = None, check: Check | None = None
) -> Rule:
    """A rule whose hits are `pattern`'s first group, or its whole match if it has none, where `check` agrees."""
    compiled = re2.compile(pattern.encode())
    group = 1 if compiled.groups else 0

    def find(buf: bytes) -> Iterator[Hit]:
        for match in compiled.finditer(buf):
            start, end = match.span(group)
            if check is None or check(buf, start, end):
                yield Hit(start, end, kind, name)

    return Rule(name, frozenset({kind}), pattern if gate is None else gate, source, find)


def words(*alternatives: str) -> str:
    """A case-insensitive alternation for a context word; a blank stands for any joiner (`date of birth`, `dateOfBirth`)."""
    return "(?i:" + "|".join(word.replace(" ", r"[ _\-.]?") for word in alternatives) + ")"


def value_after(
    context: str,
    value: str,
    *,
    gap: str = r"[^\w\n]{0,6}(?i:(?:is|are|was|no|nr|num|number|of|my|the|=|:)[^\w\n]{1,4}){0,3}",
) -> str:
    """A pattern whose group is `value` standing right after a context word, in prose, JSON, YAML or assignments."""
    return rf"{context}{gap}({value})"
