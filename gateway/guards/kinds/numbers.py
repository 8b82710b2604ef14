# ruff: noqa: E501, ISC004, PLR2004 - the words are one table, the numbers are the standards
"""What one written number is: a card, a social security number, a phone, a national or tax number, or nothing.

Checksummed kinds come first; kinds without a check need their own shape or a word before them; a word such as `order`
or `version` nearer than that says it is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import re2

from ..findings import Hit
from ..rule import Pattern
from .national_digits import GENERAL_WORDS, NUMBERINGS, named, telling
from .payment import is_card
from .phones import is_phone, looks_like_phone

_CONTEXT_BYTES = 64
_KEY = Pattern(rb"[\"'`]?[\w .\-]{1,40}[\"'`*]{0,3}\s{0,3}[:=]\s{0,3}\\{0,2}[\"'`]?\z")
_QUAD = re2.compile(rb"(?:\d{1,3} ?\. ?){3}\d{1,3}")
_DECIMAL = re2.compile(rb"\d{1,4}\.\d{6,}")
# Classes of the words that say what a number is, each with its words.
_CLASSES = ("phone", "ssn", "card", "none")
_WORDS = (
    r"(?i)phone|\btel(?:ephone|efon\w*|\b)|\bt.l.fono|mobile|\bmobil|handy|\bcell\b|\bcell(?:ular|phone)|celular|m\x{f3}vil|\bfax|whats ?app|"
    r"\bsms\b|\bcall(?:ed|ing|back)?\b|\bdial|\btext(?:ed)?\b|\bring\b|\breach\b|\bportable|\bcontact|\brufnummer|hotline|erreich|\bgsm\b|"
    r"\bmsisdn\b|\bnum[eé]ro de t|电话|電話|手机|携帯|전화|휴대폰|телефон|फोन|هاتف",
    r"(?i)(?:^|[^a-z])ssn|social[ _\-]?sec(?:urity)?|\bss#|soc sec",
    r"(?i)\bcard|\bvisa\b|mastercard|\bamex\b|credit|\bpan\b|karte|tarjeta|carte",
    r"(?i)\border|\binvoice|tracking|\bticket|\bref\b|reference|\bserial|\bs/n\b|\bsku\b|isbn|issn|\bean\b|\bupc\b|gtin|barcode|\bbuild\b|version|"
    r"timestamp|epoch|unix|\bbatch\b|\bpart (?:no|number)|\bcase (?:id|no|number)|\btransaction|\btxn|\bshipment|\bparcel|\bcommit\b|\bport\b|"
    r"\bpid\b|\bline\b|\bsize\b|\bbytes\b|\bmodel\b|\boffset\b|created_?at|\bimei\b|\blot\b|\bbestell|\bcommande\b|\bpedido\b|\brechnung|"
    r"\bfacture|\bseq(?:uence)?\b|\bquote\b|\brma\b|\bpo\b|\bdoi\b|\bissue\b|\bpull\b",
)
_SAID = tuple(re2.compile(pattern.encode()) for pattern in _WORDS)


_GENERAL = len(_WORDS)
_NAMED = _GENERAL + 1
_NOBODY: frozenset[int] = frozenset()


def _presence() -> re2.Set:
    """All words at once: the classes, the general ones, then each country's. An edge is anything but a letter."""
    present = re2.Set.SearchSet()
    national = [f"(?i)(?:{pattern})" for pattern in (GENERAL_WORDS, *(entry.words for entry in NUMBERINGS))]
    for pattern in (*_WORDS, *(pattern.replace(r"\b", "(?:^|[^A-Za-z]|$)") for pattern in national)):
        present.Add(pattern.encode())
    present.Compile()
    return present


_PRESENT = _presence()
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_TIGHT = frozenset(b"-./")
_NEUTRAL = frozenset({"", "card", "ssn"})
_PLUS = frozenset({b"%2B", b"%2b"})
_ESCAPED = frozenset({b"%2B", b"%2b", b"%20", b"%3A", b"%3a", b"%3D", b"%3d"})


@dataclass(slots=True)
class Number:
    """Digits as they were written: their groups' sizes, where they stand, and what stands around them."""

    buf: bytes
    start: int
    end: int
    digits: str
    sizes: tuple[int, ...]
    whole: bool

    @classmethod
    def of(cls, buf: bytes, start: int, end: int, groups: list[tuple[int, int]], *, whole: bool) -> Number:
        """Return the number made of these groups of `buf`; `start` may stand before them, at a plus or a bracket."""
        digits = b"".join([buf[begin:stop] for begin, stop in groups]).decode()
        return cls(buf, start, end, digits, tuple([stop - begin for begin, stop in groups]), whole)

    @property
    def plus(self) -> bool:
        """Whether it is written in the international form."""
        return 0x2B in self.buf[self.start : self.start + 2] or self.buf[max(0, self.start - 3) : self.start] in _PLUS

    def lead(self) -> bytes:
        """Say what is said of it: its key if it has one (`"phone": "…`), else the text before it on its line."""
        buf, start = self.buf, self.start
        before = buf[max(0, start - _CONTEXT_BYTES) : start]
        key = _KEY.span(before)
        if key is not None:
            return before[key[0] : key[1]]
        line = before.rpartition(b"\n")[2]
        if line.strip(b" \t-*|\"'"):
            return line
        return before if before.rstrip().endswith((b":", b"=")) else b""

    def clear_edges(self) -> bool:
        """Whether no letter, digit or tight joiner ties it to a longer word, path or identifier."""
        buf, start, end = self.buf, self.start, self.end
        if end < len(buf) and buf[end] in _ALNUM:
            return False
        if end + 1 < len(buf) and buf[end] in _TIGHT and buf[end + 1] in _ALNUM:
            return False
        if start == 0:
            return True
        if buf[start - 1] in _ALNUM:
            return buf[max(0, start - 3) : start] in _ESCAPED
        return not (start > 1 and buf[start - 1] in _TIGHT and buf[start - 2] in _ALNUM)


def classify(number: Number) -> Hit | None:
    """Say what the number is, if it is anything private."""
    buf, start, end, digits = number.buf, number.start, number.end, number.digits
    plus = number.plus
    if not plus and is_card(digits) and (number.whole or len(digits) >= 15) and _stands_alone(number):
        return Hit(start, end, "card", "card")
    if not number.clear_edges() or (len(number.sizes) == 4 and _QUAD.fullmatch(buf[start:end])):
        return None
    if plus:
        return Hit(start, end, "phone", "phone") if is_phone(digits) else None
    context, countries, general = said(number.lead())
    kind = None
    if countries and context != "phone":
        kind = named(countries, digits)
    if kind is None and _is_ssn(number, context):
        kind = ("ssn", "ssn")
    if kind is None and context in _NEUTRAL:
        kind = telling(digits, number.sizes, general=general)
    if kind is None and _is_national_phone(number, context):
        kind = ("phone", "phone")
    return None if kind is None else Hit(start, end, *kind)


def said(lead: bytes) -> tuple[str, frozenset[int], bool]:
    """Say what a text's words tell: the class of the last such word, the countries named, whether a general word is there."""
    found = _PRESENT.Match(lead)
    if not found:
        return "", _NOBODY, False
    classes = [index for index in found if index < _GENERAL]
    context = "" if not classes else _CLASSES[classes[0]]
    if len(classes) > 1:
        context = _CLASSES[
            max((max(match.start() for match in _SAID[index].finditer(lead)), index) for index in classes)[1]
        ]
    return context, frozenset([index - _NAMED for index in found if index >= _NAMED]), _GENERAL in found


def _is_national_phone(number: Number, context: str) -> bool:
    """Return a telling word, or a shape that needs none (E.164 allows 15 digits)."""
    if context == "phone":
        return 7 <= len(number.digits) <= 15
    return context in {"", "card"} and looks_like_phone(number.digits, number.sizes)


def _stands_alone(number: Number) -> bool:
    """Not the inside of a hash, UUID, decimal fraction or longer identifier."""
    buf, start, end = number.buf, number.start, number.end
    if (end < len(buf) and buf[end] in _ALNUM) or _DECIMAL.fullmatch(buf[start:end]):
        return False
    if start == 0:
        return True
    if buf[start - 1] in _ALNUM:
        return buf[max(0, start - 3) : start] in _ESCAPED
    return not (start > 1 and buf[start - 1] in b"-." and buf[start - 2] in b"0123456789abcdef")


def _is_ssn(number: Number, context: str) -> bool:
    """Area not 000, 666 or 9xx, group not 00, serial not 0000 (SSA, POMS RM 10201.035)."""
    digits = number.digits
    if len(digits) != 9 or digits[0] == "9" or digits[:3] in {"000", "666"}:
        return False
    if digits[3:5] == "00" or digits[5:] == "0000":
        return False
    spaced = number.whole and len(number.sizes) == 9
    return context == "ssn" or ((number.sizes == (3, 2, 4) or spaced) and context == "")
