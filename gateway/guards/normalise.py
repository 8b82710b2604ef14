# ruff: noqa: E501 - character classes are one table
"""A text as the patterns see it: compatibility forms folded, invisible characters gone, and the way back.

Unicode's NFKC (UAX #15) is applied only to the characters that need it, one by one, so each character of the view knows
the character it came from. Pure ASCII, and text without odd characters, is taken as it is: no map is built.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .rule import Pattern

_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
_MARKS = "\u0300-\u036f\u20d0-\u20ff\U000e0000-\U000e01ef"
_DASHES = "\u058a\u05be\u2010-\u2015\u2043\u207b\u208b\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"
_DOTS = "\u3002\uff61\u2024\u00b7\u2022\u2027\u30fb\u22c5"
_SPACES = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_DIGITS = (
    "\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f"
    "\u0be6-\u0bef\u0c66-\u0c6f\u0ce6-\u0cef\u0d66-\u0d6f\u0e50-\u0e59\u0ed0-\u0ed9\u0f20-\u0f29\u1040-\u1049"
    "\u17e0-\u17e9\u1810-\u1819\U0001d7ce-\U0001d7ff"
)
_FORMS = (
    "\u00aa\u00b2\u00b3\u00b9\u00ba\u2070-\u208e\u2090-\u209c\u2100-\u214f\u2460-\u24ff\u2776-\u2793\ufe50-\ufe6b"
    "\uff01-\uff5e\uffe0-\uffe6\U0001d400-\U0001d7cb\U0001f130-\U0001f189\ufb00-\ufb06"
)
_ODD_CLASS = f"[{_INVISIBLE}{_MARKS}{_DASHES}{_DOTS}{_SPACES}{_DIGITS}{_FORMS}]"
_ODD = re.compile(_ODD_CLASS)
_ANY_ODD = Pattern(_ODD_CLASS)
_DROPPED = re.compile(f"[{_INVISIBLE}{_MARKS}]")
_DASH = re.compile(f"[{_DASHES}]")
_DOT = re.compile(f"[{_DOTS}]")
_SPACE = re.compile(f"[{_SPACES}]")


@dataclass(slots=True)
class View:
    """`buf` is UTF-8 of the normalised text; `chars` its text if that is not ASCII; `origin[i]` the source of char i."""

    buf: bytes
    chars: str | None
    origin: list[int] | None

    def spans(self, byte_spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Character spans of the source for ascending byte spans of `buf`, in one pass."""
        if self.chars is None and self.origin is None:
            return byte_spans
        if self.chars is not None:
            byte_spans = self._decoded(byte_spans)
        if self.origin is None:
            return byte_spans
        origin = self.origin
        return [(origin[start], origin[end - 1] + 1) for start, end in byte_spans]

    def _decoded(self, byte_spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        places: dict[int, int] = {}
        at_byte = at_char = 0
        for place in sorted({place for span in byte_spans for place in span}):
            at_char += len(self.buf[at_byte:place].decode("utf-8", "ignore"))
            at_byte = place
            places[place] = at_char
        return [(places[start], places[end]) for start, end in byte_spans]


def normalise(text: str) -> View:
    """Return the view of `text` the patterns are run on; linear, and without a map where nothing is odd."""
    if text.isascii():
        return View(text.encode(), None, None)
    buf = text.encode("utf-8", "replace")
    if _ANY_ODD.span(buf) is None:
        return View(buf, text, None)
    kinds = {char: fold(char) for char in set(_ODD.findall(text))}
    if all(len(folded) == 1 for folded in kinds.values()):
        # Full-width punctuation is everyday Chinese and Japanese: nothing moves, so no map is needed.
        for char, folded in kinds.items():
            text = text.replace(char, folded)
        return View(text.encode("utf-8", "replace"), None if text.isascii() else text, None)
    pieces: list[str] = []
    origin: list[int] = []
    last = 0
    for match in _ODD.finditer(text):
        at = match.start()
        if at > last:
            pieces.append(text[last:at])
            origin.extend(range(last, at))
        folded = kinds[match.group()]
        pieces.append(folded)
        origin.extend([at] * len(folded))
        last = at + 1
    pieces.append(text[last:])
    origin.extend(range(last, len(text)))
    chars = "".join(pieces)
    return View(chars.encode("utf-8", "replace"), None if chars.isascii() else chars, origin)


def fold(char: str) -> str:
    """Say what one odd character stands for: nothing, a plain dash, dot, space or digit, or its NFKC form."""
    if _DROPPED.match(char):
        return ""
    if _DASH.match(char):
        return "-"
    if _DOT.match(char):
        return "."
    if _SPACE.match(char):
        return " "
    digit = unicodedata.decimal(char, None)
    return unicodedata.normalize("NFKC", char) if digit is None else str(digit)
