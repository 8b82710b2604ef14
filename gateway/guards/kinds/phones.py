# ruff: noqa: E501 - shapes are one table
"""Telephone numbers: E.164 country codes and the national shapes that are telling without a word before them."""

from __future__ import annotations

import re

# ITU-T E.164 list of assigned country codes.
_COUNTRY = re.compile(
    r"(?:1|7|2[07]|2[1-689]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[789]\d|8[1246]|8[0578]\d|9[0-58]|9[679]\d)"
)
_NANP = re.compile(r"1?[2-9]\d{9}")
SHAPES = frozenset(
    {
        # France (ARCEP), United Kingdom (Ofcom), Germany (BNetzA, DIN 5008), Italy, Spain, Netherlands, Australia, Japan
        (2, 2, 2, 2, 2), (5, 6), (5, 3, 3), (3, 4, 4), (4, 3, 4), (4, 7), (3, 3, 4), (4, 3, 3), (2, 4, 4), (3, 7), (3, 8),
        (4, 6), (4, 8), (5, 5), (5, 4), (3, 6), (2, 8), (2, 7), (3, 3, 2, 2), (4, 2, 2, 2), (4, 2, 2, 3), (3, 2, 2, 2), (3, 3, 3), (2, 3, 4),
        (2, 3, 2, 2), (4, 4, 3), (4, 3, 2, 2), (3, 4, 3), (2, 4, 3), (3, 4, 2, 2), (5, 7), (5, 2, 2, 2), (3, 3, 5),
    }
)  # fmt: skip
_DIGITS_MIN, _DIGITS_MAX = 8, 15


def is_phone(digits: str) -> bool:
    """Whether digits after a plus (or 00) are an international number: a country code and 8 to 15 digits (E.164 §6)."""
    digits = digits.removeprefix("00")
    return _DIGITS_MIN <= len(digits) <= _DIGITS_MAX and _COUNTRY.match(digits) is not None


def looks_like_phone(digits: str, sizes: tuple[int, ...]) -> bool:
    """Whether grouping and first digits alone tell a national number."""
    if sizes in {(3, 3, 4), (1, 3, 3, 4), (3, 7)} and _NANP.fullmatch(digits):
        return True
    if sizes == (2, 5, 4) and digits[2] == "9":  # Brazil, mobile (Anatel)
        return True
    if digits.startswith("00") and sizes[0] in {2, 4, 5} and len(sizes) > 1:
        return is_phone(digits) and len(digits) >= 11  # noqa: PLR2004
    return digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 12 and sizes in SHAPES  # noqa: PLR2004
