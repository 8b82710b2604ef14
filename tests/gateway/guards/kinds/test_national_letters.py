"""Numbers that hold letters: published examples pass, no other check letter does, nor the inside of an identifier."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.guards import Detector
from gateway.guards.kinds import national_letters as letters

Check = Callable[[str], bool]
DETECTOR = Detector(letters.RULES)
KINDS = frozenset({"national_id", "tax_id"})
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Examples that authorities or reference works print.
EXAMPLES: tuple[tuple[Check, str], ...] = (
    (letters.es_dni, "12345678Z"),
    (letters.es_dni, "54362315K"),
    (letters.es_dni, "X2482300W"),
    (letters.es_dni, "Y1234567X"),
    (letters.es_dni, "Z1234567R"),
    (letters.it_cf, "RSSMRA85T10A562S"),
    (letters.it_cf, "RCCMNL83S18D969H"),
    (letters.fi_hetu, "131052308T"),
    (letters.sg_nric, "S1234567D"),
    (letters.sg_nric, "T0123456G"),
    (letters.sg_nric, "F1234567N"),
    (letters.sg_nric, "G5872776N"),
    (letters.sg_nric, "M1234567K"),
    (letters.cl_rut, "123456785"),
    (letters.cl_rut, "10000013K"),
    (letters.in_gstin, "27AAPFU0939F1ZV"),
)


@pytest.mark.parametrize(("valid", "number"), EXAMPLES)
def test_a_published_number_holds_with_its_last_letter_and_with_no_other(valid: Check, number: str) -> None:
    assert [last for last in ALNUM if valid(number[:-1] + last)] == [number[-1]]


@pytest.mark.parametrize("number", ["A1234563", "G123456A", "AB9876543"])
def test_a_hong_kong_check_is_a_digit_or_an_a_for_ten(number: str) -> None:
    assert [last for last in "0123456789A" if letters.hk_id(number[:-1] + last)] == [number[-1]]


def test_the_new_series_of_singapore_has_its_own_letters_where_the_rest_is_eight() -> None:
    assert letters.sg_nric("M0000008J")
    assert not letters.sg_nric("M0000008M")
    assert letters.sg_nric("F0000004M")
    assert not letters.sg_nric("F0000004J")


def test_mexican_taiwanese_and_irish_checks_are_digits_or_stand_before_the_end() -> None:
    assert [last for last in "0123456789" if letters.mx_curp("BOXW310820HNERXN0" + last)] == ["9"]
    assert [last for last in "0123456789" if letters.tw_id("A12345678" + last)] == ["9"]
    assert [letter for letter in ALNUM[10:] if letters.ie_pps(f"6433435{letter}")] == ["F"]
    assert [letter for letter in ALNUM[10:] if letters.ie_pps(f"6433435{letter}A")] == ["O"]
    assert all(letters.ie_pps(f"1234567T{second}") for second in "TWX"), "behind it they count nothing"


def test_a_finnish_number_is_of_a_possible_date() -> None:
    assert not any(letters.fi_hetu("321052308" + last) for last in ALNUM)
    assert not any(letters.fi_hetu("131352308" + last) for last in ALNUM)


def test_a_british_prefix_that_is_never_given_is_no_number() -> None:
    assert letters.gb_nino("AB123456C")
    assert not any(letters.gb_nino(prefix + "123456C") for prefix in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"))


def test_a_chinese_number_that_ends_in_x_has_a_rest_of_two() -> None:
    assert letters.cn_ric_x("11010519491231002X")
    assert not letters.cn_ric_x("11010519491231003X")


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.rule, text[hit.start : hit.end]) for hit in DETECTOR.scan(text, KINDS)]


@pytest.mark.parametrize(
    ("text", "rule", "value"),
    [
        ("DNI 12.345.678-Z", "national_id.es_dni", "12.345.678-Z"),
        ("nie X-2482300-w", "national_id.es_dni", "X-2482300-w"),
        ("nie x2482300w", "national_id.es_dni", "x2482300w"),
        ("PPS 1234567TX", "national_id.ie_pps", "1234567TX"),
        ("RSS MRA 85T10 A562S", "national_id.it_cf", "RSS MRA 85T10 A562S"),
        ("131052-308T", "national_id.fi_hetu", "131052-308T"),
        ("131052A308T", "national_id.fi_hetu", "131052A308T"),
        ("HKID: A123456(3)", "national_id.hk_id", "A123456(3)"),
        ("RUT 12.345.678-5", "national_id.cl_rut", "12.345.678-5"),
        ("NINO AB 12 34 56 C", "national_id.gb_nino", "AB 12 34 56 C"),
        ("身份证 11010519491231002x", "national_id.cn_ric", "11010519491231002x"),
        ("PAN ABCPE1234F", "tax_id.in_pan", "ABCPE1234F"),
        ("RG: 12.345.678-9", "national_id.br_rg", "12.345.678-9"),
        ("Personalausweisnummer: L01X00T471", "national_id.de_ausweis", "L01X00T471"),
        ("VAT no. DE 123456789", "tax_id.vat", "DE 123456789"),
        ("USt-IdNr.: ATU12345678", "tax_id.vat", "ATU12345678"),
        ("CIF ESA1234567J", "tax_id.es_cif", "ESA1234567J"),
    ],
)
def test_numbers_are_found_whole_with_their_joiners(text: str, rule: str, value: str) -> None:
    assert found(text) == [(rule, value)]


@pytest.mark.parametrize(
    "text",
    [
        *("DNI 12345678A", "S1234567E", "AB12345678Z", "12345678Z_a"),
        *("x-12345678Z", "a/12345678Z", "12345678Z-9", "1:12345678Z"),
    ],
)
def test_a_wrong_letter_or_the_part_of_a_longer_identifier_is_left_alone(text: str) -> None:
    assert found(text) == []
