"""A text that grows, as detectors of others are asked about it: in pieces that its own words decide.

    … what stood before (lead) │ piece: to the first end of a sentence or line after 120 characters, 1,000 at most

A piece is the same however the text was cut on its way, so a stream is asked about as a whole reply is. The lead is
shown with it, because a name may stand across the boundary.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .findings import Hit

PIECE_CHARS_MIN = 120
PIECE_CHARS_MAX = 1_000
LEAD_CHARS = 120
_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)\]]{0,4}\s|\n")


class Piece(NamedTuple):
    """A piece, where it begins in its text, and what stood before it."""

    start: int
    lead: str
    text: str

    @property
    def shown(self) -> str:
        """What a detector is shown."""
        return self.lead + self.text

    def of_text(self, hit: Hit) -> Hit | None:
        """Return a hit in what was shown as one of the text; None if it lies in the lead alone."""
        size = len(self.lead)
        if hit.end <= size:
            return None
        return Hit(self.start + max(0, hit.start - size), self.start + hit.end - size, hit.kind, hit.rule)


class Pieces:
    """One text. Holds less than a piece of it."""

    __slots__ = ("_lead", "_rest", "end")

    def __init__(self) -> None:
        self.end = 0  # where the pieces that were given end
        self._rest = ""
        self._lead = ""

    def feed(self, text: str) -> list[Piece]:
        """Return the pieces that are complete now."""
        self._rest += text
        made = []
        while size := _size(self._rest):
            made.append(self._cut(size))
        return made

    def flush(self) -> list[Piece]:
        """Return the last piece, at the text's end."""
        return [self._cut(len(self._rest))] if self._rest else []

    def _cut(self, size: int) -> Piece:
        piece = Piece(self.end, self._lead, self._rest[:size])
        self._lead = piece.shown[-LEAD_CHARS:]
        self._rest = self._rest[size:]
        self.end += size
        return piece


def _size(rest: str) -> int:
    """Return how long the first piece is; 0 while that is not known."""
    found = _END.search(rest, PIECE_CHARS_MIN, PIECE_CHARS_MAX)
    if found is not None:
        return found.end()
    if len(rest) < PIECE_CHARS_MAX:
        return 0
    blank = max(rest.rfind(" ", PIECE_CHARS_MIN, PIECE_CHARS_MAX), rest.rfind("\t", PIECE_CHARS_MIN, PIECE_CHARS_MAX))
    return blank + 1 if blank >= 0 else PIECE_CHARS_MAX
