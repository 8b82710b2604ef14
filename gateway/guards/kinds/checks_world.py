# ruff: noqa: PLR2004 - the numbers are the algorithms
"""The published checks of numbers outside Europe: digits in, whether they are one. Sources there: national_digits."""

from __future__ import annotations

from .checksums import is_day, luhn, mod_11_low, verhoeff, weighted


def any_digits(digits: str) -> bool:
    """No check digit is published; the word beside it decides."""
    return len(set(digits)) > 1


def luhn_not_zero(digits: str) -> bool:
    """Luhn's check on a number that is not all zeros."""
    return luhn(digits) and digits.strip("0") != ""


def br_cpf(digits: str) -> bool:
    """Two mod-11 digits."""
    if len(set(digits)) == 1:
        return False
    first = mod_11_low(weighted(digits, range(10, 1, -1)))
    return first == int(digits[9]) and mod_11_low(weighted(digits, range(11, 1, -1))) == int(digits[10])


def br_cnpj(digits: str) -> bool:
    """Two mod-11 digits over cyclic weights."""
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    if len(set(digits)) == 1 or mod_11_low(weighted(digits, weights)) != int(digits[12]):
        return False
    return mod_11_low(weighted(digits, (6, *weights))) == int(digits[13])


def cn_ric(digits: str) -> bool:
    """Date of birth and ISO 7064 MOD 11-2 (numbers that end in X: national_letters)."""
    if digits[6:8] not in {"19", "20"} or not is_day(digits[10:12], digits[12:14]):
        return False
    total = weighted(digits[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == digits[17]


def in_aadhaar(digits: str) -> bool:
    """Verhoeff; never begins with 0 or 1."""
    return digits[0] not in "01" and verhoeff(digits)


def tr_kimlik(digits: str) -> bool:
    """Two digits, of the odd and even places, and of all."""
    if digits[0] == "0":
        return False
    values = [int(char) for char in digits]
    tenth = (sum(values[0:9:2]) * 7 - sum(values[1:8:2])) % 10
    return tenth == values[9] and sum(values[:10]) % 10 == values[10]


def za_id(digits: str) -> bool:
    """Date, citizenship, Luhn."""
    return is_day(digits[2:4], digits[4:6]) and digits[10] in "012" and luhn(digits)


def kr_rrn(digits: str) -> bool:
    """Date and sex; the check digit is kept only for numbers before October 2020."""
    return is_day(digits[2:4], digits[4:6]) and digits[6] in "0123456789"


def jp_my_number(digits: str) -> bool:
    """Mod 11."""
    total = weighted(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return mod_11_low(total) == int(digits[11])


def au_tfn(digits: str) -> bool:
    """Mod 11."""
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(digits) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)
    return weighted(digits, weights) % 11 == 0


def au_medicare(digits: str) -> bool:
    """Begins 2 to 6, mod 10 in ninth place."""
    return digits[0] in "23456" and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def au_abn(digits: str) -> bool:
    """One less in the first digit, mod 89."""
    return digits[0] != "0" and (weighted(digits, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def ca_sin(digits: str) -> bool:
    """Luhn; 8 is not given."""
    return digits[0] != "8" and luhn(digits)


def us_itin(digits: str) -> bool:
    """Begins with 9, group 50-65, 70-88, 90-92 or 94-99."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or group >= 94)


def us_ein(digits: str) -> bool:
    """Return a campus prefix that is in use."""
    return digits[:2] not in {
        "00",
        "07",
        "08",
        "09",
        "17",
        "18",
        "19",
        "28",
        "29",
        "49",
        "69",
        "70",
        "78",
        "79",
        "89",
        "96",
        "97",
    }


def us_npi(digits: str) -> bool:
    """Luhn with the prefix 80840."""
    return digits[0] in "12" and luhn("80840" + digits)


def ar_cuit(digits: str) -> bool:
    """Type prefix, mod 11."""
    if digits[:2] not in {"20", "23", "24", "25", "26", "27", "30", "33", "34"}:
        return False
    return (11 - weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 == int(digits[10])


def co_nit(digits: str) -> bool:
    """Mod 11 with primes."""
    rest = weighted(digits[8::-1], (3, 7, 13, 17, 19, 23, 29, 37, 41)) % 11
    return (rest if rest < 2 else 11 - rest) == int(digits[9])


def ec_ci(digits: str) -> bool:
    """Province and mod 10."""
    return 1 <= int(digits[:2]) <= 30 and luhn(digits)


def th_pin(digits: str) -> bool:
    """Mod 11."""
    return digits[0] != "0" and (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == int(digits[12])


def id_nik(digits: str) -> bool:
    """Region and date (women add 40 to the day)."""
    return is_day(digits[8:10], int(digits[6:8]) % 40) and digits[0] != "0"


def my_nric(digits: str) -> bool:
    """Date of birth first."""
    return is_day(digits[2:4], digits[4:6])


def ru_inn(digits: str) -> bool:
    """Mod 11 mod 10, one digit for companies, two for people."""
    if len(digits) == 10:
        return weighted(digits, (2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == int(digits[9])
    first = weighted(digits, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = weighted(digits, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return first == int(digits[10]) and second == int(digits[11])


def ru_snils(digits: str) -> bool:
    """Mod 101."""
    return weighted(digits, range(9, 0, -1)) % 101 % 100 == int(digits[9:])


def ua_rnokpp(digits: str) -> bool:
    """Mod 11 mod 10, first weight -1."""
    return weighted(digits, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == int(digits[9])


def kz_iin(digits: str) -> bool:
    """Date and mod 11 in two steps."""
    if not is_day(digits[2:4], digits[4:6]):
        return False
    rest = weighted(digits, range(1, 12)) % 11
    if rest == 10:
        rest = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)) % 11
    return rest == int(digits[11])


def eg_nn(digits: str) -> bool:
    """Century, date and governorate."""
    return digits[0] in "23" and is_day(digits[3:5], digits[5:7]) and int(digits[7:9]) in {*range(1, 36), 88}
