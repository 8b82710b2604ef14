"""What a guard found: kind, rule, direction, place and offsets, never the value itself.

Findings go to spans, records, metrics and headers, so nothing printable about one may carry what was found.
"""

from __future__ import annotations

from typing import NamedTuple

from .policy import Action, Direction


class Hit(NamedTuple):
    """A span a rule claims, in offsets of the text it was given."""

    start: int
    end: int
    kind: str
    rule: str


class Finding(NamedTuple):
    """One found value. `start` and `end` are character offsets in the string at `place` (a JSON pointer)."""

    kind: str
    rule: str
    direction: Direction
    place: str
    start: int
    end: int
    action: Action
