# ruff: noqa: E501, PLR2004 - patterns and weights are the published ones
"""National and tax numbers that hold letters: the letters' places and checks are telling by themselves, or a word is."""

from __future__ import annotations

from collections.abc import Callable

from ..rule import Check, Rule, pattern_rule, value_after, words
from .checksums import weighted

_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            1,
            0,
            5,
            7,
            9,
            13,
            15,
            17,
            19,
            21,
            2,
            4,
            18,
            20,
            11,
            3,
            6,
            8,
            12,
            14,
            16,
            10,
            22,
            25,
            24,
            23,
        ),
        strict=True,
    )
)
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_J = r"[ \-.]?"


def _plain(buf: bytes, start: int, end: int) -> str:
    return "".join(char for char in buf[start:end].decode().upper() if char.isalnum())


def _checked(valid: Callable[[str], bool] | None) -> Check:
    def check(buf: bytes, start: int, end: int) -> bool:
        before, after = buf[max(0, start - 1) : start], buf[end : end + 2]
        if before == b":" and buf[max(0, start - 2) : start - 1].isdigit():
            return False
        if before in {b"-", b"_", b"/", b"."} or (after[:1] in {b"-", b"_", b"/"} and after[1:].isalnum()):
            return False
        return valid is None or valid(_plain(buf, start, end))

    return check


def es_dni(text: str) -> bool:
    """DNI and NIE: the letter is the number mod 23 (RD 1553/2005)."""
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return number.isdigit() and _DNI[int(number) % 23] == text[-1]


def it_cf(text: str) -> bool:
    """Codice fiscale: odd and even tables, mod 26 (DM 23/12/1976)."""
    total = sum(
        _ODD[char] if place % 2 == 0 else int(char, 36) - (10 if char.isalpha() else 0)
        for place, char in enumerate(text[:15])
    )
    return chr(65 + total % 26) == text[15]


def fi_hetu(text: str) -> bool:
    """Henkilötunnus: date and number mod 31 (the sign of the century is cut out as a joiner or letter)."""
    digits = text[:6] + text[-4:-1]
    return (
        digits.isdigit()
        and 1 <= int(text[:2]) <= 31
        and 1 <= int(text[2:4]) <= 12
        and _HETU[int(digits) % 31] == text[-1]
    )


def mx_curp(text: str) -> bool:
    """CURP: base-37 weights, mod 10 (SEGOB)."""
    alphabet = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    total = sum(alphabet.index(char) * (18 - place) for place, char in enumerate(text[:17]))
    return str(-total % 10) == text[17]


def sg_nric(text: str) -> bool:
    """NRIC and FIN: weights 2 7 6 5 4 3 2, offset by series (ICA)."""
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}[
        text[0]
    ]
    return letters[total % 11] == text[8]


def hk_id(text: str) -> bool:
    """HKID: weights 9 to 1 over letters and digits, mod 11 (ImmD)."""
    body, last = text[:-1], text[-1]
    values = [36] * (8 - len(body)) + [int(char, 36) for char in body]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return (total + (10 if last == "A" else int(last, 36))) % 11 == 0


def tw_id(text: str) -> bool:
    """Letter as two digits, weights 1 9 8 … 1 1, mod 10 (MOI)."""
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10
    return (code // 10 + code % 10 * 9 + weighted(text[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1))) % 10 == 0


def ie_pps(text: str) -> bool:
    """PPSN: weights 8 to 2, second letter (A to I; T, W and X count nothing) times 9, mod 23 (DSP)."""
    second = ord(text[8]) - 64 if len(text) == 9 and text[8] <= "I" else 0
    total = weighted(text[:7], range(8, 1, -1)) + 9 * second
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == text[7]


def gb_nino(text: str) -> bool:
    """Prefixes that are never given (HMRC NIM39110)."""
    return text[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}


def cl_rut(text: str) -> bool:
    """Mod 11 with K for ten (Registro Civil)."""
    rest = 11 - weighted(text[-2::-1], (2, 3, 4, 5, 6, 7, 2, 3, 4)) % 11
    return {11: "0", 10: "K"}.get(rest, str(rest)) == text[-1]


def cn_ric_x(text: str) -> bool:
    """Return the resident number whose check is ten, written X (GB 11643-1999)."""
    return weighted(text[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)) % 11 == 2


def in_gstin(text: str) -> bool:
    """GSTIN: base-36 mod 36 check (GSTN)."""
    total = 0
    for place, char in enumerate(text[:14]):
        product = int(char, 36) * (1 + place % 2)
        total += product // 36 + product % 36
    return int(text[14], 36) == -total % 36


def _rule(name: str, kind: str, pattern: str, source: str, valid: Callable[[str], bool] | None) -> Rule:
    return pattern_rule(f"{kind}.{name}", kind, rf"\b{pattern}\b", source, check=_checked(valid))


_VAT_WORD = words(
    r"\bvat", r"\bust-?id", r"\bu?id ?nr", "umsatzsteuer", r"\btva\b", r"\bbtw", r"\biva\b", r"\bmoms", "tax"
)
_DATE = r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"

RULES: tuple[Rule, ...] = (
    _rule(
        "es_dni",
        "national_id",
        rf"(?:\d{{8}}|\d{{2}}[ \-.]\d{{3}}{_J}\d{{3}}|\d{{5}}[ \-.]\d{{3}}|[XYZxyz]{_J}\d{{7}}){_J}[A-HJ-NP-TV-Za-hj-np-tv-z]",
        "RD 1553/2005",
        es_dni,
    ),
    _rule(
        "it_cf",
        "national_id",
        rf"(?i:[A-Z]{{3}}{_J}[A-Z]{{3}}{_J}[0-9LMNP-V]{{2}}[A-EHLMPRST][0-9LMNP-V]{{2}}{_J}[A-Z][0-9LMNP-V]{{3}}[A-Z])",
        "DM 23/12/1976",
        it_cf,
    ),
    _rule("fi_hetu", "national_id", r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", "DVV", fi_hetu),
    _rule(
        "mx_curp",
        "national_id",
        rf"[A-Z][AEIOUX][A-Z]{{2}}{_DATE}[HMX][A-Z]{{2}}[B-DF-HJ-NP-TV-Z]{{3}}[A-Z0-9]\d",
        "SEGOB",
        mx_curp,
    ),
    _rule("mx_rfc", "tax_id", rf"[A-Z&]{{3,4}}-?{_DATE}-?[A-Z0-9]{{2}}[0-9A]", "SAT", None),
    _rule("sg_nric", "national_id", r"[STFGM]\d{7}[A-Z]", "ICA", sg_nric),
    pattern_rule("national_id.hk_id", "national_id", r"\b[A-Z]{1,2}\d{6}\([0-9A]\)", "ImmD", check=_checked(hk_id)),
    _rule("tw_id", "national_id", r"[A-Z][1289]\d{8}", "MOI", tw_id),
    _rule("ie_pps", "national_id", r"\d{7}[A-W][A-ITWX]?", "DSP", ie_pps),
    _rule(
        "gb_nino",
        "national_id",
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        "HMRC NIM39110",
        gb_nino,
    ),
    _rule("cl_rut", "national_id", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dkK]", "Registro Civil", cl_rut),
    _rule(
        "cn_ric",
        "national_id",
        r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[Xx]",
        "GB 11643-1999",
        cn_ric_x,
    ),
    _rule("in_pan", "tax_id", r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]", "Income Tax Department", None),
    _rule("in_gstin", "tax_id", r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]", "GSTN", in_gstin),
    _rule("fr_nir", "national_id", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?2[AB] ?\d{3} ?\d{3} ?\d\d", "INSEE", None),
    _rule("es_cif", "tax_id", r"ES-?[A-HJ-NP-SUVW]\d{7}[0-9A-J]", "AEAT", None),
    pattern_rule(
        "national_id.br_rg",
        "national_id",
        value_after(words(r"\brg\b", "registro geral"), r"\d{1,2}\.?\d{3}\.?\d{3}-?[\dXx]"),
        "SSP",
        gate=words(r"\brg\b", "registro geral"),
    ),
    pattern_rule(
        "national_id.de_ausweis",
        "national_id",
        value_after(words("personalausweis(?:nummer)?", "ausweis(?:nummer|nr)"), r"[CFGHJKLMNPRTVWXYZ0-9]{9,10}"),
        "BMI, PAuswV",
        gate=words("ausweis"),
    ),
    pattern_rule(
        "tax_id.vat",
        "tax_id",
        value_after(
            _VAT_WORD,
            r"(?:AT ?U|BE ?[01]|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|CHE)[ \-]?[A-Z0-9][A-Z0-9 .\-]{5,14}[A-Z0-9]",
            gap=r"[^\n]{0,24}?[^\w\n]",
        ),
        "Directive 2006/112/EC art. 215",
        gate=_VAT_WORD,
    ),
)
