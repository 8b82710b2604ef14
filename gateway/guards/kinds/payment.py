# ruff: noqa: E501, PLR2004, SIM905 - the registry is one table; the numbers are the standards
"""Payment cards (ISO/IEC 7812, the networks' published ranges) and IBANs (ISO 13616, the SWIFT registry's lengths)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..findings import Hit
from ..rule import Pattern, Rule
from .checksums import luhn, mod_97

# Country code -> length of its IBAN (SWIFT IBAN registry).
_IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
        "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
        "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
        "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
    ).split()
}
_IBAN = Pattern(rb"\b(?i:[A-Z][ \-._]{0,2}[A-Z])[ \-._]{0,3}\d[ \-._]{0,2}\d(?:[ \-._]{0,3}[A-Za-z0-9]){11,30}")
_IBAN_GATE = (
    r"\b[A-Z][ \-._]{0,2}[A-Z][ \-._]{0,3}\d[ \-._]{0,2}\d[ \-._]{0,3}(?:[A-Z0-9][ \-._]{0,3}){10}|"
    r"\b[a-z]{2}[ \-]?\d{2}[ \-]?[a-z0-9]{4}[ \-]?[a-z0-9]{2,4}[ \-]?\d"
)
_JOINERS = b" -._"
_OF_LENGTH = {
    length: re.compile(rb"(?:[ \-._]{0,3}[A-Za-z0-9]){%d}" % length) for length in set(_IBAN_LENGTHS.values())
}
# Discover, UnionPay, JCB, Maestro, RuPay, Mir, Troy.
_LONG_RANGES = frozenset("60 64 65 62 81 35 63 67 50 56 57 58 59 61 68 69 22 97 20".split())
_IBAN_SOURCE = "ISO 13616, SWIFT IBAN registry"


def is_card(digits: str) -> bool:
    """Whether the digits are a card number: a known network's range and length, and Luhn's check."""
    length = len(digits)
    if not 13 <= length <= 19 or not _in_range(digits, length):  # ISO/IEC 7812-1
        return False
    if not luhn(digits) or digits.count(digits[0]) == length:
        return False
    # Four years in a row: `2002 2003 2004 2005` has a network's range, and one such table in ten checks.
    return length != 16 or any(digits[at : at + 2] not in {"19", "20"} for at in range(0, 16, 4))


def _in_range(digits: str, length: int) -> bool:
    if digits[0] == "4":
        return length in {16, 19}
    two = digits[:2]
    if "51" <= two <= "55" or "2221" <= digits[:4] <= "2720":  # Mastercard
        return length == 16
    if two in {"34", "37"}:  # American Express
        return length == 15
    if two in {"36", "38", "39"} or "300" <= digits[:3] <= "305":  # Diners Club
        return length in {14, 16, 19}
    return two in _LONG_RANGES and length >= 16


def _ibans(buf: bytes, _taken: Sequence[Hit]) -> Iterator[Hit]:
    at = 0
    while True:
        span = _IBAN.span(buf, at)
        if span is None:
            return
        start, end = span
        stop = _iban_end(buf, start, end)
        if stop:
            yield Hit(start, stop, "iban", "iban")
        # The pattern may have run on into the next one, so go on right behind what was taken.
        at = stop or start + 2


def _iban_end(buf: bytes, start: int, end: int) -> int:
    """Where the IBAN that begins at `start` ends, by its country's length; 0 if there is none."""
    compact = buf[start:end].translate(None, _JOINERS).decode().upper()
    length = _IBAN_LENGTHS.get(compact[:2])
    if length is None or len(compact) < length or not mod_97(compact[4:length] + compact[:4]):
        return 0
    match = _OF_LENGTH[length].match(buf, start)
    stop = end if match is None else match.end()
    return 0 if len(compact) > length and buf[stop] not in _JOINERS else stop


RULES: tuple[Rule, ...] = (Rule("iban", frozenset({"iban"}), _IBAN_GATE, _IBAN_SOURCE, _ibans),)
