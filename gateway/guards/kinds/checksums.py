"""Check digits that more than one kind uses; each public algorithm named where it is written down.

All take a string of ASCII digits (or what the docstring says) and answer whether its check digit is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import mul

_VALUES = bytes(range(48)) + bytes(range(10)) + bytes(range(58, 256))
_BASE_36 = {char: str(int(char, 36)) for char in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_DOUBLED = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(range(10, 256))
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_VERHOEFF_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_VERHOEFF_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def luhn(digits: str) -> bool:
    """Luhn's mod-10 (ISO/IEC 7812-1 annex B), check digit last."""
    values = digits.encode().translate(_VALUES)
    return (sum(values[-1::-2]) + sum(values[-2::-2].translate(_DOUBLED))) % 10 == 0


def verhoeff(digits: str) -> bool:
    """Verhoeff's dihedral check (J. Verhoeff, 1969), check digit last."""
    check = 0
    for place, char in enumerate(reversed(digits)):
        check = _VERHOEFF_D[check][_VERHOEFF_P[place & 7][ord(char) - 48]]
    return check == 0


def mod_97(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over digits and capital letters (A = 10 … Z = 35): the remainder is 1."""
    return int("".join(map(_BASE_36.__getitem__, text))) % 97 == 1


def mod_11_10(digits: str) -> bool:
    """ISO/IEC 7064 MOD 11,10, check digit last."""
    check = 5
    for char in digits:
        check = (((check or 10) * 2) % 11 + int(char)) % 10
    return check == 1


def weighted(digits: str, weights: Iterable[int]) -> int:
    """Return the sum of digits times weights, as long as both last."""
    return sum(map(mul, digits.encode().translate(_VALUES), weights))


def is_day(month: str | int, day: str | int) -> bool:
    """Whether a month has such a day, in some year."""
    month, day = int(month), int(day)
    return 1 <= month <= len(_DAYS) and 1 <= day <= _DAYS[month - 1]


def mod_11_low(total: int) -> int:
    """Return the check digit 11 - total mod 11, or 0 where that has two digits."""
    rest = total % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - ten and eleven are no digits
