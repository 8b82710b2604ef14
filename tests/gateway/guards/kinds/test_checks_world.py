"""Numbers outside Europe: published examples pass, and no other check digit, date or prefix does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.guards.kinds import checks_world as world

Check = Callable[[str], bool]

# Examples that authorities, laws or reference works print.
EXAMPLES: tuple[tuple[Check, str], ...] = (
    (world.br_cpf, "52998224725"),
    (world.br_cpf, "11144477735"),
    (world.br_cnpj, "11222333000181"),
    (world.br_cnpj, "16727230000197"),
    (world.cn_ric, "360426199101010071"),
    (world.in_aadhaar, "234123412346"),
    (world.tr_kimlik, "10000000146"),
    (world.tr_kimlik, "17291716060"),
    (world.za_id, "8001015009087"),
    (world.za_id, "7503305044089"),
    (world.jp_my_number, "123456789018"),
    (world.au_tfn, "123456782"),
    (world.au_abn, "51824753556"),
    (world.au_abn, "83914571673"),
    (world.ca_sin, "046454286"),
    (world.us_npi, "1234567893"),
    (world.ar_cuit, "20055361682"),
    (world.co_nit, "2131234321"),
    (world.ec_ci, "1714307103"),
    (world.th_pin, "1234545678781"),
    (world.ru_inn, "7707083893"),
    (world.ru_inn, "500100732259"),
    (world.ru_snils, "11223344595"),
    (world.ua_rnokpp, "1759013776"),
    (world.kz_iin, "850404291416"),
    (world.luhn_not_zero, "732829320"),
    (world.luhn_not_zero, "039337423"),
    (world.luhn_not_zero, "00743110157"),
)


@pytest.mark.parametrize(("valid", "number"), EXAMPLES)
def test_a_published_number_holds_with_its_last_digit_and_with_no_other(valid: Check, number: str) -> None:
    assert [last for last in "0123456789" if valid(number[:-1] + last)] == [number[-1]]


def held(valid: Check, *numbers: str) -> list[str]:
    return [number for number in numbers if valid(number)]


def test_one_digit_all_the_way_is_nobodys_number() -> None:
    assert held(world.any_digits, "1111111", "1111112") == ["1111112"]
    assert not world.luhn_not_zero("000000000")
    assert not world.br_cpf("11111111111")
    assert not world.br_cnpj("00000000000000")


def test_both_brazilian_check_digits_are_compared() -> None:
    assert not world.br_cpf("52998224735")
    assert not world.br_cnpj("11222333000171")


def test_a_chinese_number_holds_a_birthday_of_the_last_centuries_and_a_rest_of_ten_is_no_digit() -> None:
    assert not world.cn_ric("360426189101010071")
    assert not world.cn_ric("360426199113010071")
    assert not any(world.cn_ric("11010519491231002" + last) for last in "0123456789"), "that one ends in X"


def test_no_indian_number_begins_with_zero_or_one_and_no_turkish_one_with_zero() -> None:
    assert not world.in_aadhaar("134123412345")
    assert not world.tr_kimlik("01234567890")
    assert not world.tr_kimlik("10000000156"), "the tenth digit is of the odd and even places"


def test_a_south_african_number_holds_a_birthday_and_a_citizenship() -> None:
    assert not world.za_id("8013015009087")
    assert not world.za_id("8001015009384"), "nobody has citizenship 3"


def test_a_korean_number_is_a_birthday_and_a_sex_since_its_check_was_given_up() -> None:
    assert held(world.kr_rrn, "9710139019902", "9710139019903", "9713139019902") == ["9710139019902", "9710139019903"]


def test_australian_numbers_have_their_lengths_and_first_digits() -> None:
    assert held(world.au_tfn, "37118629", "37118620") == ["37118629"]
    assert held(world.au_medicare, "2123456701", "21234567011", "2123456711") == ["2123456701", "21234567011"]
    assert not world.au_medicare("7123456701")
    assert not world.au_abn("01824753556")


def test_no_canadian_number_begins_with_eight() -> None:
    assert world.ca_sin("123456782")
    assert not world.ca_sin("812345674")


@pytest.mark.parametrize(
    ("group", "given"),
    [
        *((49, False), (50, True), (65, True), (66, False), (69, False), (70, True), (88, True)),
        *((89, False), (90, True), (92, True), (93, False), (94, True), (99, True)),
    ],
)
def test_an_american_taxpayers_group_is_one_of_those_that_are_given(group: int, *, given: bool) -> None:
    assert world.us_itin(f"912{group}3456") is given
    assert not world.us_itin(f"812{group}3456")


def test_an_employers_prefix_is_one_of_a_campus() -> None:
    campuses = {prefix for prefix in range(100) if world.us_ein(f"{prefix:02}3456789")}
    assert len(campuses) == 83
    assert campuses >= {1, 10, 12, 20, 91, 99}
    assert not campuses & {0, 7, 17, 49, 69, 96, 97}


def test_a_provider_begins_with_one_or_two_under_the_cards_prefix_of_health() -> None:
    assert not world.us_npi("3234567891")


def test_latin_american_numbers_begin_with_a_type_or_province() -> None:
    assert not world.ar_cuit("21055361680")
    assert held(world.ec_ci, "1714307103", "3114307107", "0014307107") == ["1714307103"]
    assert held(world.co_nit, "2131234321", "2131234320") == ["2131234321"]


def test_a_colombian_rest_below_two_is_written_as_it_is() -> None:
    assert world.co_nit("0000000000")
    assert [last for last in "0123456789" if world.co_nit("00000000" + "4" + last)] == ["1"]


def test_no_thai_number_begins_with_zero() -> None:
    assert not world.th_pin("0234545678783")


def test_asian_numbers_without_a_check_digit_hold_a_birthday() -> None:
    assert held(world.id_nik, "3171011708450001", "3171015708450001", "3171013208450001", "0171011708450001") == [
        "3171011708450001",
        "3171015708450001",
    ]
    assert held(world.my_nric, "770305021234", "771305021234") == ["770305021234"]


def test_both_digits_of_a_russian_persons_number_are_compared() -> None:
    assert not world.ru_inn("500100732269")
    assert not world.ru_inn("500100732258")


def test_a_kazakh_rest_of_ten_goes_on_to_the_second_weights_and_ten_again_is_never_given() -> None:
    assert world.kz_iin("850404482448")
    assert not any(world.kz_iin("85040413379" + last) for last in "0123456789")
    assert not world.kz_iin("851304291416")


def test_an_egyptian_number_holds_a_century_a_birthday_and_a_governorate() -> None:
    numbers = ("29001011234567", "39001018834567", "19001011234567", "29013011234567", "29001013634567")
    assert held(world.eg_nn, *numbers) == ["29001011234567", "39001018834567"]
