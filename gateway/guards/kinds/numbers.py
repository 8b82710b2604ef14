# ruff: noqa: E501, ISC004, PLR2004 - the words are one table, the numbers are the standards
"""What one written number is: a card, a social security number, a phone, a national or tax number, or nothing.

Checksummed kinds come first; kinds without a check need their own shape or a word before them; a word such as `order`
or `version` nearer than that says it is none of these.
"""

from __future__ import annotations

import re

import re2

from ..findings import Hit
from ..rule import Pattern, before
from .national_digits import GENERAL_WORDS, NUMBERINGS, named, telling
from .payment import is_card
from .phones import is_phone, looks_like_phone

CONTEXT_BYTES = 64
_KEY = Pattern(rb"[\"'`]?[\w .\-]{1,40}[\"'`*]{0,3}\s{0,3}[:=]\s{0,3}\\{0,2}[\"'`]?\z")
_AFTER_JOINER = b" \t\n\r\f\v\\\"'`"
_QUAD = re.compile(rb"(?:\d{1,3} ?\. ?){3}\d{1,3}")
_DECIMAL = re.compile(rb"\d{1,4}\.\d{6,}")
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


_NONE = _CLASSES.index("none")
_GENERAL = len(_WORDS)
_NAMED = _GENERAL + 1
_NOBODY: frozenset[int] = frozenset()
_NOTHING_SAID = ("", _NOBODY, False)


def _presence() -> re2.Set:
    """All words at once: the classes, the general ones, then each country's. An edge is anything but a letter."""
    present = re2.Set.SearchSet()
    national = [f"(?i)(?:{pattern})" for pattern in (GENERAL_WORDS, *(entry.words for entry in NUMBERINGS))]
    for pattern in (*_WORDS, *(pattern.replace(r"\b", "(?:^|[^A-Za-z]|$)") for pattern in national)):
        present.Add(pattern.encode())
    present.Compile()
    return present


_PRESENT = _presence()
_present = _PRESENT._set.Match  # noqa: SLF001 - the engine below the wrapper, as in rule.py
_CARD_DIGITS_MIN = (15, 13)
ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_TIGHT = frozenset(b"-./")
_NEUTRAL = frozenset({"", "card", "ssn"})
_PLUS = frozenset({b"%2B", b"%2b"})
ESCAPED = frozenset({b"%2B", b"%2b", b"%20", b"%3A", b"%3a", b"%3D", b"%3d"})


def _is_plus(buf: bytes, start: int) -> bool:
    """Whether the number is written in the international form."""
    first = buf[start]
    if first in b"+(":
        return b"+" in buf[start : start + 2]
    return start > 2 and buf[start - 1] in b"Bb" and buf[start - 3 : start] in _PLUS


def _lead(buf: bytes, start: int) -> bytes:
    """Say what is said of it: its key if it has one (`"phone": "…`), else the text before it on its line."""
    said_before = before(buf, start, CONTEXT_BYTES)
    if said_before.rstrip(_AFTER_JOINER)[-1:] in {b":", b"="}:
        key = _KEY.span(said_before)
        if key is not None:
            return said_before[key[0] : key[1]]
    line = said_before.rpartition(b"\n")[2]
    if line.strip(b" \t-*|\"'"):
        return line
    return said_before if said_before.rstrip().endswith((b":", b"=")) else b""


def _clear_edges(buf: bytes, start: int, end: int) -> bool:
    """Whether no letter, digit or tight joiner ties it to a longer word, path or identifier."""
    if end < len(buf) and buf[end] in ALNUM:
        return False
    if end + 1 < len(buf) and buf[end] in _TIGHT and buf[end + 1] in ALNUM:
        return False
    if start == 0:
        return True
    if buf[start - 1] in ALNUM:
        return buf[max(0, start - 3) : start] in ESCAPED
    return not (start > 1 and buf[start - 1] in _TIGHT and buf[start - 2] in ALNUM)


def classify(
    buf: bytes, start: int, end: int, digits: str, sizes: tuple[int, ...], *, whole: bool, bare: bool = False
) -> Hit | None:
    """Say what the number in `buf[start:end]` is, if it is anything private.

    `digits` of groups of these `sizes`; `start` may stand before them, at a plus or a bracket. `whole`: it is not part
    of a longer run. `bare`: only digits stand before it, no word.
    """
    plus = _is_plus(buf, start)
    if len(digits) >= _CARD_DIGITS_MIN[whole] and not plus and is_card(digits) and _stands_alone(buf, start, end):
        return Hit(start, end, "card", "card")
    if not _clear_edges(buf, start, end):
        return None
    if len(sizes) == 4 and max(sizes) <= 3 and _QUAD.fullmatch(buf, start, end):
        return None
    if plus:
        return Hit(start, end, "phone", "phone") if is_phone(digits) else None
    context, countries, general = _NOTHING_SAID if bare else said(_lead(buf, start))
    kind = None
    if countries and context != "phone":
        kind = named(countries, digits)
    if kind is None and _is_ssn(digits, sizes, context, whole=whole):
        kind = ("ssn", "ssn")
    if kind is None and context in _NEUTRAL:
        kind = telling(digits, sizes, general=general)
    if kind is None and _is_national_phone(digits, sizes, context):
        kind = ("phone", "phone")
    return None if kind is None else Hit(start, end, *kind)


def said(lead: bytes) -> tuple[str, frozenset[int], bool]:
    """Say what a text's words tell: the class of the last such word, the countries named, whether a general word is there."""
    found = _present(lead) if lead else None
    if not found:
        return _NOTHING_SAID
    classes = [index for index in found if index < _GENERAL]
    context = "" if not classes else _CLASSES[classes[0]]
    if len(classes) > 1:
        context = _CLASSES[
            max((max(match.start() for match in _SAID[index].finditer(lead)), index) for index in classes)[1]
        ]
    return context, frozenset([index - _NAMED for index in found if index >= _NAMED]), _GENERAL in found


def words_tell(buf: bytes) -> bool:
    """Whether a word anywhere in the text could make a private number of digits whose grouping tells nothing."""
    return any(index != _NONE for index in _present(buf))


def _is_national_phone(digits: str, sizes: tuple[int, ...], context: str) -> bool:
    """Return a telling word, or a shape that needs none (E.164 allows 15 digits)."""
    if context == "phone":
        return 7 <= len(digits) <= 15
    return context in {"", "card"} and looks_like_phone(digits, sizes)


def _stands_alone(buf: bytes, start: int, end: int) -> bool:
    """Not the inside of a hash, UUID, decimal fraction or longer identifier."""
    if (end < len(buf) and buf[end] in ALNUM) or _DECIMAL.fullmatch(buf, start, end):
        return False
    if start == 0:
        return True
    if buf[start - 1] in ALNUM:
        return buf[max(0, start - 3) : start] in ESCAPED
    return not (start > 1 and buf[start - 1] in b"-." and buf[start - 2] in b"0123456789abcdef")


def _is_ssn(digits: str, sizes: tuple[int, ...], context: str, *, whole: bool) -> bool:
    """Area not 000, 666 or 9xx, group not 00, serial not 0000 (SSA, POMS RM 10201.035)."""
    if len(digits) != 9 or digits[0] == "9" or digits[:3] in {"000", "666"}:
        return False
    if digits[3:5] == "00" or digits[5:] == "0000":
        return False
    spaced = whole and len(sizes) == 9
    return context == "ssn" or ((sizes == (3, 2, 4) or spaced) and context == "")
