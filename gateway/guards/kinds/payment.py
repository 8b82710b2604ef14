# ruff: noqa: E501, PLR0911, SIM905 - the registry is one table; each network has its own line
"""Payment cards (ISO/IEC 7812, the networks' published ranges) and IBANs (ISO 13616, the SWIFT registry's lengths)."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from ..findings import Hit
from ..rule import Rule
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
_IBAN = re2.compile(rb"\b(?i:[A-Z][ \-._]{0,2}[A-Z])[ \-._]{0,3}\d[ \-._]{0,2}\d(?:[ \-._]{0,3}[A-Za-z0-9]){11,30}")
_IBAN_GATE = (
    r"\b[A-Z][ \-._]{0,2}[A-Z][ \-._]{0,3}\d[ \-._]{0,2}\d[ \-._]{0,3}(?:[A-Z0-9][ \-._]{0,3}){10}|"
    r"\b[a-z]{2}[ \-]?\d{2}[ \-]?[a-z0-9]{4}[ \-]?[a-z0-9]{2,4}[ \-]?\d"
)
_JOINERS = b" -._"
_IBAN_SOURCE = "ISO 13616, SWIFT IBAN registry"


def is_card(digits: str) -> bool:
    """Whether the digits are a card number: a known network's range and length, and Luhn's check."""
    length = len(digits)
    if not 13 <= length <= 19 or not luhn(digits) or len(set(digits)) == 1:  # noqa: PLR2004 - ISO/IEC 7812-1
        return False
    two, four = int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return length in {16, 19}
    if 51 <= two <= 55 or 2221 <= four <= 2720:  # noqa: PLR2004 - Mastercard
        return length == 16  # noqa: PLR2004
    if two in {34, 37}:
        return length == 15  # noqa: PLR2004 - American Express
    if two in {36, 38, 39} or 300 <= int(digits[:3]) <= 305:  # noqa: PLR2004 - Diners Club
        return length in {14, 16, 19}
    if two in {60, 64, 65, 62, 81, 35, 63, 67, 50, 56, 57, 58, 59, 61, 68, 69, 22, 97, 20}:
        return length >= 16  # noqa: PLR2004 - Discover, UnionPay, JCB, Maestro, RuPay, Mir, Troy
    return False


def _ibans(buf: bytes) -> Iterator[Hit]:
    match = _IBAN.search(buf)
    while match is not None:
        start, end = match.span()
        stop = _iban_end(buf, start, end)
        if stop:
            yield Hit(start, stop, "iban", "iban")
        # The pattern may have run on into the next one, so go on right behind what was taken.
        match = _IBAN.search(buf, stop or start + 2)


def _iban_end(buf: bytes, start: int, end: int) -> int:
    """Where the IBAN that begins at `start` ends, by its country's length; 0 if there is none."""
    places = [place for place in range(start, end) if buf[place] not in _JOINERS]
    compact = bytes([buf[place] for place in places]).decode().upper()
    length = _IBAN_LENGTHS.get(compact[:2])
    if length is None or len(compact) < length:
        return 0
    stop = places[length - 1] + 1
    if len(compact) > length and places[length] == stop:
        return 0
    return stop if mod_97(compact[4:length] + compact[:4]) else 0


RULES: tuple[Rule, ...] = (Rule("iban", frozenset({"iban"}), _IBAN_GATE, _IBAN_SOURCE, _ibans),)
