"""What one written number is: a card, a social security number, a phone, a national or tax number, or nothing.

Checksummed kinds come first; kinds without a check need their own shape or a word before them; a word such as `order`
or `version` nearer than that says it is none of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import re2

from ..findings import Hit
from .national_digits import national
from .payment import is_card
from .phones import is_phone, looks_like_phone

_CONTEXT_BYTES = 56
# Classes of the words that say what a number is, in the order of the pattern's groups.
_CLASSES = ("", "phone", "ssn", "card", "none")
_CONTEXT = re2.compile(
    (
        r"(?i)(phone|\btel(?:ephone|efon\w*|\b)|\bt.l.fono|mobile|\bmobil|handy|\bcell\b|\bcell(?:ular|phone)|celular|m\x{f3}vil|\bfax|"
        r"whats ?app|\bsms\b|\bcall(?:ed|ing|back)?\b|\bdial|\btext(?:ed)?\b|\bring\b|\breach\b|\bportable|\bcontact|\brufnummer|hotline|"
        r"\bgsm\b|电话|電話|手机|携帯|전화|휴대폰|телефон|हेल्पलाइन|फोन|هاتف)|"
        r"(\bssn|social[ _\-]?sec(?:urity)?|\bss#|soc sec)|"
        r"(\bcard|\bvisa\b|mastercard|\bamex\b|credit|\bpan\b|karte|tarjeta|carte)|"
        r"(\border|\binvoice|tracking|\bticket|\bref\b|reference|\bserial|\bs/n\b|\bsku\b|isbn|issn|\bean\b|\bupc\b|gtin|barcode|\bbuild\b|"
        r"version|timestamp|epoch|unix|\bbatch\b|\bpart (?:no|number)|\bcase (?:id|no|number)|\btransaction|\btxn|\bshipment|\bparcel|"
        r"\bcommit\b|\bport\b|\bpid\b|\bline\b|\bsize\b|\bbytes\b|\bmodel\b|\boffset\b|created_?at|\bimei\b|\blot\b|\bbestell|\bcommande\b|"
        r"\bpedido\b|\brechnung|\bfacture|\bseq(?:uence)?\b|\bquote\b|\brma\b|\bpo\b|\bdoi\b|\bissue\b|\bpull\b)"
    ).encode()
)
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_TIGHT = frozenset(b"-./")


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
        """The number made of these groups of `buf`; `start` may stand before them, at a plus or a bracket."""
        digits = b"".join([buf[begin:stop] for begin, stop in groups]).decode()
        return cls(buf, start, end, digits, tuple([stop - begin for begin, stop in groups]), whole)

    @property
    def plus(self) -> bool:
        """Whether it is written in the international form."""
        if 0x2B in self.buf[self.start : self.start + 2]:
            return True
        return self.digits.startswith("00") or self.buf[max(0, self.start - 3) : self.start] in {b"%2B", b"%2b"}

    def context(self) -> str:
        """The class of the nearest telling word before it: phone, ssn, card, none, or empty."""
        lead = self.buf[max(0, self.start - _CONTEXT_BYTES) : self.start]
        found = 0
        for match in _CONTEXT.finditer(lead):
            found = next(group for group in (1, 2, 3, 4) if match.span(group)[0] >= 0)
        return _CLASSES[found]

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
            return buf[max(0, start - 3) : start] in {b"%2B", b"%2b", b"%20", b"%3A", b"%3a", b"%3D", b"%3d"}
        return not (start > 1 and buf[start - 1] in _TIGHT and buf[start - 2] in _ALNUM)


def classify(number: Number) -> Hit | None:
    """What the number is, if it is anything private."""
    if is_card(number.digits) and (number.whole or len(number.digits) >= 15):  # noqa: PLR2004 - a window needs more
        end = number.end
        if (end >= len(number.buf) or number.buf[end] not in _ALNUM) and not _hexadecimal(number):
            return Hit(number.start, end, "card", "card")
    if not number.clear_edges():
        return None
    context = number.context()
    if _is_ssn(number, context):
        return Hit(number.start, number.end, "ssn", "ssn")
    if context != "phone":
        named = national(number.buf, number.start, number.digits, number.sizes, trusted=context != "none")
        if named is not None:
            return Hit(number.start, number.end, *named)
    if number.plus:
        return _phone(number) if is_phone(number.digits) else None
    if context == "phone" and 7 <= len(number.digits) <= 15:  # noqa: PLR2004 - E.164
        return _phone(number)
    if context in {"", "card"} and looks_like_phone(number.digits, number.sizes):
        return _phone(number)
    return None


def _phone(number: Number) -> Hit:
    return Hit(number.start, number.end, "phone", "phone")


def _hexadecimal(number: Number) -> bool:
    """Part of a hash, UUID or other identifier: letters are tied to it on the left."""
    buf, start = number.buf, number.start
    return start > 0 and (
        buf[start - 1] in _ALNUM or (start > 1 and buf[start - 1] in b"-" and buf[start - 2] in b"abcdef")
    )


def _is_ssn(number: Number, context: str) -> bool:
    """Area not 000, 666 or 9xx, group not 00, serial not 0000 (SSA, POMS RM 10201.035)."""
    digits = number.digits
    if len(digits) != 9 or digits[0] == "9" or digits[:3] in {"000", "666"}:  # noqa: PLR2004
        return False
    if digits[3:5] == "00" or digits[5:] == "0000":
        return False
    spaced = number.whole and len(number.sizes) == 9  # noqa: PLR2004
    return context == "ssn" or ((number.sizes == (3, 2, 4) or spaced) and context == "")
