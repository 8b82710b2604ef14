# ruff: noqa: PLR2004 - the numbers are the algorithms
"""The published check of each number of Europe: digits in, whether they can be one out. Sources: national_digits.py."""

from __future__ import annotations

from .checksums import is_day, luhn, mod_11_10, mod_11_low, weighted

_RO_COUNTIES = frozenset({*range(1, 53), 70, *range(80, 84)})


def fr_nir(digits: str) -> bool:
    """Sex, month and the key 97 - n mod 97 (Corsica's letters: national_letters)."""
    month = int(digits[3:5])
    if digits[0] not in "123478" or not (1 <= month <= 12 or 20 <= month <= 42 or month >= 50):
        return False
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def fr_spi(digits: str) -> bool:
    """Begins 0 to 3; the last three digits are the rest of the first ten by 511."""
    return digits[0] in "0123" and int(digits[:10]) % 511 == int(digits[10:])


def de_idnr(digits: str) -> bool:
    """One digit of the first ten comes twice or thrice; ISO 7064 MOD 11,10."""
    counts = sorted(digits[:10].count(char) for char in set(digits[:10]))
    return digits[0] != "0" and counts[-1] in {2, 3} and counts[:-1].count(1) == len(counts) - 1 and mod_11_10(digits)


def be_nn(digits: str) -> bool:
    """97 - n mod 97, with a 2 before it for births since 2000."""
    month = int(digits[2:4])
    if month % 20 > 12 or int(digits[4:6]) > 31:
        return False
    key = int(digits[9:])
    return key in {97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97}


def nl_bsn(digits: str) -> bool:
    """Return the eleven test, last weight -1."""
    return digits != "000000000" and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def se_pnr(digits: str) -> bool:
    """Date (coordination numbers add 60 to the day) and Luhn over the last ten."""
    if len(digits) == 12 and digits[:2] not in {"18", "19", "20"}:
        return False
    ten = digits[-10:]
    return is_day(ten[2:4], int(ten[4:6]) % 60) and luhn(ten)


def no_fnr(digits: str) -> bool:
    """Date (D-numbers add 40 to the day) and two mod-11 digits."""
    if not is_day(int(digits[2:4]) % 40, int(digits[:2]) % 40):
        return False
    return (
        weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def dk_cpr(digits: str) -> bool:
    """Return a date; the mod-11 check is no longer kept since 2007."""
    return is_day(digits[2:4], digits[:2])


def pl_pesel(digits: str) -> bool:
    """Date with the century in the month, mod 10."""
    if not is_day(int(digits[2:4]) % 20, digits[4:6]):
        return False
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def pl_nip(digits: str) -> bool:
    """Mod 11."""
    return weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def cz_rc(digits: str) -> bool:
    """Date (women add 50 to the month, 20 more when they ran out), mod 11; before 1986 a rest of ten was written 0."""
    return is_day(int(digits[2:4]) % 50 % 20, digits[4:6]) and int(digits[:9]) % 11 % 10 == int(digits[9])


def ro_cnp(digits: str) -> bool:
    """Sex and century, date, county, mod 11."""
    if digits[0] == "0" or not is_day(digits[3:5], digits[5:7]) or int(digits[7:9]) not in _RO_COUNTIES:
        return False
    rest = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if rest == 10 else rest) == int(digits[12])


def bg_egn(digits: str) -> bool:
    """Date with the century in the month, mod 11 mod 10."""
    if not is_day(int(digits[2:4]) % 20, digits[4:6]):
        return False
    return weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def yu_jmbg(digits: str) -> bool:
    """Date and mod 11."""
    if not is_day(digits[2:4], digits[:2]) or digits[4] not in "089":
        return False
    rest = 11 - weighted(digits, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest > 9 else rest) == int(digits[12])


def ee_ik(digits: str) -> bool:
    """Sex and century, date, mod 11 in two steps (Estonia and Lithuania)."""
    if digits[0] not in "12345678" or not is_day(digits[3:5], digits[5:7]):
        return False
    rest = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == int(digits[10])


def lv_pk(digits: str) -> bool:
    """Date and century, mod 11; since 2017 only a prefix of 32 to 39."""
    if digits[:2] in {"32", "33", "34", "35", "36", "37", "38", "39"}:
        return True
    if not is_day(digits[2:4], digits[:2]) or digits[6] not in "012":
        return False
    return (1101 - weighted(digits, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10 == int(digits[10])


def hu_taj(digits: str) -> bool:
    """Weights 3 and 7, mod 10."""
    return weighted(digits, (3, 7, 3, 7, 3, 7, 3, 7)) % 10 == int(digits[8])


def gr_amka(digits: str) -> bool:
    """Date and Luhn."""
    return is_day(digits[2:4], digits[:2]) and luhn(digits)


def gr_afm(digits: str) -> bool:
    """Powers of two, mod 11 mod 10."""
    return digits != "000000000" and weighted(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(digits[8])


def pt_nif(digits: str) -> bool:
    """Mod 11."""
    return digits[0] != "0" and mod_11_low(weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2))) == int(digits[8])


def ch_ahv(digits: str) -> bool:
    """Prefix 756 and the EAN-13 check."""
    return digits.startswith("756") and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def at_svnr(digits: str) -> bool:
    """Check digit in fourth place, date of birth behind it."""
    if digits[0] == "0" or not (1 <= int(digits[6:8]) <= 15 and 1 <= int(digits[4:6]) <= 31):
        return False
    return weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def gb_nhs(digits: str) -> bool:
    """Mod 11."""
    return len(set(digits)) > 1 and weighted(digits, range(10, 0, -1)) % 11 == 0


def gb_utr(digits: str) -> bool:
    """Check digit in first place, mod 11."""
    return "21987654321"[weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == digits[0]
