# ruff: noqa: PLR2004 - the numbers are the algorithms
"""The published check of each country's number: digits in, whether they can be one out. Sources: national_digits.py."""

from __future__ import annotations

from .checksums import luhn, mod_11_10, verhoeff, weighted

__all__ = ["mod_11_10"]

_MONTHS = 12
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _day(month: str | int, day: str | int) -> bool:
    month, day = int(month), int(day)
    return 1 <= month <= _MONTHS and 1 <= day <= _DAYS[month - 1]


def any_digits(digits: str) -> bool:
    """No check digit is published; the word beside it decides."""
    return len(set(digits)) > 1


def luhn_not_zero(digits: str) -> bool:
    """Luhn's check on a number that is not all zeros."""
    return luhn(digits) and digits.strip("0") != ""


def _mod_11_low(total: int) -> int:
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def br_cpf(digits: str) -> bool:
    """Two mod-11 digits."""
    if len(set(digits)) == 1:
        return False
    first = _mod_11_low(weighted(digits, range(10, 1, -1)))
    return first == int(digits[9]) and _mod_11_low(weighted(digits, range(11, 1, -1))) == int(digits[10])


def br_cnpj(digits: str) -> bool:
    """Two mod-11 digits over cyclic weights."""
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    if len(set(digits)) == 1 or _mod_11_low(weighted(digits, weights)) != int(digits[12]):
        return False
    return _mod_11_low(weighted(digits, (6, *weights))) == int(digits[13])


def cn_ric(digits: str) -> bool:
    """Date of birth and ISO 7064 MOD 11-2 (numbers that end in X: national_letters)."""
    if digits[6:8] not in {"19", "20"} or not _day(digits[10:12], digits[12:14]):
        return False
    total = weighted(digits[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == digits[17]


def in_aadhaar(digits: str) -> bool:
    """Verhoeff; never begins with 0 or 1."""
    return digits[0] not in "01" and verhoeff(digits)


def fr_nir(digits: str) -> bool:
    """Sex, month and the key 97 - n mod 97 (Corsica's letters: national_letters)."""
    month = int(digits[3:5])
    if digits[0] not in "123478" or not (1 <= month <= _MONTHS or 20 <= month <= 42 or month >= 50):
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
    if month % 20 > _MONTHS or int(digits[4:6]) > 31:
        return False
    key = int(digits[9:])
    return key in {97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97}


def nl_bsn(digits: str) -> bool:
    """The eleven test, last weight -1."""
    return digits != "000000000" and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def se_pnr(digits: str) -> bool:
    """Date (coordination numbers add 60 to the day) and Luhn over the last ten."""
    if len(digits) == 12 and digits[:2] not in {"18", "19", "20"}:
        return False
    ten = digits[-10:]
    return _day(ten[2:4], int(ten[4:6]) % 60) and luhn(ten)


def no_fnr(digits: str) -> bool:
    """Date (D-numbers add 40 to the day) and two mod-11 digits."""
    if not _day(int(digits[2:4]) % 40, int(digits[:2]) % 40):
        return False
    return (
        weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def dk_cpr(digits: str) -> bool:
    """A date; the mod-11 check is no longer kept since 2007."""
    return _day(digits[2:4], digits[:2])


def pl_pesel(digits: str) -> bool:
    """Date with the century in the month, mod 10."""
    if not _day(int(digits[2:4]) % 20, digits[4:6]):
        return False
    return weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def pl_nip(digits: str) -> bool:
    """Mod 11."""
    return weighted(digits, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def cz_rc(digits: str) -> bool:
    """Date (women add 50 to the month, 20 more when numbers ran out) and divisible by 11."""
    return _day(int(digits[2:4]) % 50 % 20, digits[4:6]) and int(digits) % 11 == 0


def ro_cnp(digits: str) -> bool:
    """Sex and century, date, county, mod 11."""
    if digits[0] == "0" or not _day(digits[3:5], digits[5:7]) or int(digits[7:9]) not in {*range(1, 53), 70}:
        return False
    rest = weighted(digits, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if rest == 10 else rest) == int(digits[12])


def bg_egn(digits: str) -> bool:
    """Date with the century in the month, mod 11 mod 10."""
    if not _day(int(digits[2:4]) % 20, digits[4:6]):
        return False
    return weighted(digits, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def yu_jmbg(digits: str) -> bool:
    """Date and mod 11."""
    if not _day(digits[2:4], digits[:2]) or digits[4] not in "089":
        return False
    rest = 11 - weighted(digits, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest > 9 else rest) == int(digits[12])


def ee_ik(digits: str) -> bool:
    """Sex and century, date, mod 11 in two steps (Estonia and Lithuania)."""
    if digits[0] not in "12345678" or not _day(digits[3:5], digits[5:7]):
        return False
    rest = weighted(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == int(digits[10])


def lv_pk(digits: str) -> bool:
    """Date and century, mod 11; since 2017 only a prefix of 32 to 39."""
    if digits[:2] in {"32", "33", "34", "35", "36", "37", "38", "39"}:
        return True
    if not _day(digits[2:4], digits[:2]) or digits[6] not in "012":
        return False
    return (1101 - weighted(digits, (1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11 % 10 == int(digits[10])


def hu_taj(digits: str) -> bool:
    """Weights 3 and 7, mod 10."""
    return weighted(digits, (3, 7, 3, 7, 3, 7, 3, 7)) % 10 == int(digits[8])


def gr_amka(digits: str) -> bool:
    """Date and Luhn."""
    return _day(digits[2:4], digits[:2]) and luhn(digits)


def gr_afm(digits: str) -> bool:
    """Powers of two, mod 11 mod 10."""
    return digits != "000000000" and weighted(digits, (256, 128, 64, 32, 16, 8, 4, 2)) % 11 % 10 == int(digits[8])


def pt_nif(digits: str) -> bool:
    """Mod 11."""
    return digits[0] != "0" and _mod_11_low(weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2))) == int(digits[8])


def ch_ahv(digits: str) -> bool:
    """Prefix 756 and the EAN-13 check."""
    return digits.startswith("756") and weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def at_svnr(digits: str) -> bool:
    """Check digit in fourth place, date of birth behind it."""
    if digits[0] == "0" or not (1 <= int(digits[6:8]) <= 15 and 1 <= int(digits[4:6]) <= 31):
        return False
    return weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def tr_kimlik(digits: str) -> bool:
    """Two digits, of the odd and even places, and of all."""
    if digits[0] == "0":
        return False
    values = [int(char) for char in digits]
    tenth = (sum(values[0:9:2]) * 7 - sum(values[1:8:2])) % 10
    return tenth == values[9] and sum(values[:10]) % 10 == values[10]


def za_id(digits: str) -> bool:
    """Date, citizenship, Luhn."""
    return _day(digits[2:4], digits[4:6]) and digits[10] in "012" and luhn(digits)


def kr_rrn(digits: str) -> bool:
    """Date and sex; the check digit is kept only for numbers before October 2020."""
    return _day(digits[2:4], digits[4:6]) and digits[6] in "0123456789"


def jp_my_number(digits: str) -> bool:
    """Mod 11."""
    total = weighted(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
    return _mod_11_low(total) == int(digits[11])


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
    """Luhn; 0 and 8 are not given."""
    return digits[0] not in "08" and luhn(digits)


def gb_nhs(digits: str) -> bool:
    """Mod 11."""
    return len(set(digits)) > 1 and weighted(digits, range(10, 0, -1)) % 11 == 0


def gb_utr(digits: str) -> bool:
    """Check digit in first place, mod 11."""
    return "21987654321"[weighted(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == digits[0]


def us_itin(digits: str) -> bool:
    """Begins with 9, group 50-65, 70-88, 90-92 or 94-99."""
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or group >= 94)


def us_ein(digits: str) -> bool:
    """A campus prefix that is in use."""
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
    return _day(digits[8:10], int(digits[6:8]) % 40) and digits[0] != "0"


def my_nric(digits: str) -> bool:
    """Date of birth first."""
    return _day(digits[2:4], digits[4:6])


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
    if not _day(digits[2:4], digits[4:6]):
        return False
    rest = weighted(digits, range(1, 12)) % 11
    if rest == 10:
        rest = weighted(digits, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)) % 11
    return rest == int(digits[11])


def eg_nn(digits: str) -> bool:
    """Century, date and governorate."""
    return digits[0] in "23" and _day(digits[3:5], digits[5:7]) and int(digits[7:9]) in {*range(1, 36), 88}
