"""Europe's numbers: published examples pass, and no other check digit, date, prefix or county does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.guards.kinds import checks_europe as europe

Check = Callable[[str], bool]

# Examples that authorities, laws or reference works print.
EXAMPLES: tuple[tuple[Check, str], ...] = (
    (europe.fr_nir, "295109912611193"),
    (europe.fr_nir, "255081416802538"),
    (europe.fr_spi, "3023217600053"),
    (europe.de_idnr, "86095742719"),
    (europe.de_idnr, "65929970489"),
    (europe.nl_bsn, "111222333"),
    (europe.se_pnr, "8112189876"),
    (europe.se_pnr, "198112189876"),
    (europe.no_fnr, "01010750160"),
    (europe.no_fnr, "15108695088"),
    (europe.pl_pesel, "44051401359"),
    (europe.pl_pesel, "02270803624"),
    (europe.pl_nip, "8567346215"),
    (europe.cz_rc, "7103192745"),
    (europe.cz_rc, "8160080610"),
    (europe.ro_cnp, "1630615123457"),
    (europe.bg_egn, "7523169263"),
    (europe.bg_egn, "8032056031"),
    (europe.yu_jmbg, "0101006500006"),
    (europe.ee_ik, "37605030299"),
    (europe.ee_ik, "33309240064"),
    (europe.lv_pk, "16117519997"),
    (europe.hu_taj, "111111110"),
    (europe.gr_amka, "01013099997"),
    (europe.gr_afm, "094259216"),
    (europe.pt_nif, "501964843"),
    (europe.ch_ahv, "7569217076985"),
    (europe.gb_nhs, "9434765919"),
)


@pytest.mark.parametrize(("valid", "number"), EXAMPLES)
def test_a_published_number_holds_with_its_last_digit_and_with_no_other(valid: Check, number: str) -> None:
    assert [last for last in "0123456789" if valid(number[:-1] + last)] == [number[-1]]


def held(valid: Check, *numbers: str) -> list[str]:
    return [number for number in numbers if valid(number)]


def test_a_french_number_has_a_sex_a_month_that_was_given_and_the_key_of_the_rest() -> None:
    def of(month: str, sex: str = "1") -> str:
        body = f"{sex}99{month}99999999"
        return f"{body}{97 - int(body) % 97:02}"

    assert held(europe.fr_nir, *map(of, ("00", "01", "12", "13", "19", "20", "42", "43", "49", "50", "99"))) == [
        of(month) for month in ("01", "12", "20", "42", "50", "99")
    ]
    assert held(europe.fr_nir, *(of("01", sex) for sex in "0123456789")) == [of("01", sex) for sex in "123478"]
    assert not europe.fr_spi("4" + "3023217600053"[1:])


def test_a_german_number_repeats_exactly_one_digit_and_begins_with_none_of_zero() -> None:
    assert held(europe.de_idnr, "36574261809", "47036892816") == ["36574261809", "47036892816"]
    assert not europe.de_idnr("12345678903"), "every digit once but one that is missing: ten different ones needed"
    assert not europe.de_idnr("11223344559")
    assert not europe.de_idnr("0" + "36574261809"[1:])
    assert not europe.de_idnr("11111111111")


def test_a_belgian_key_is_of_either_century_and_of_a_possible_date() -> None:
    assert held(europe.be_nn, "85073003328", "17073003384", "85073003329") == ["85073003328", "17073003384"]
    assert europe.be_nn("40010100140")
    assert europe.be_nn("40010100169"), "the same digits, born in 2040"
    assert not europe.be_nn("85133003328")
    assert not europe.be_nn("85073203328")


def test_a_swedish_number_is_of_this_or_the_last_centuries_and_may_be_a_coordination_number() -> None:
    assert not europe.se_pnr("218112189876")
    assert europe.se_pnr("7010632391"), "day 63: the third, sixty added"
    assert not europe.se_pnr("8113189876")


def test_a_norwegian_number_keeps_both_check_digits_and_its_date() -> None:
    assert not europe.no_fnr("32010750160")
    assert not europe.no_fnr("01010750179"), "the last digit fits only the right tenth one"


def test_a_danish_number_is_a_date_alone_since_its_check_was_given_up() -> None:
    assert held(europe.dk_cpr, "2110625629", "2110625628", "3102625629", "0013625629") == ["2110625629", "2110625628"]


def test_a_czech_rest_of_ten_was_once_written_as_zero() -> None:
    assert int("8160080610") % 11 == 0
    assert 716008061 % 11 == 10
    assert europe.cz_rc("7160080610")
    assert not europe.cz_rc("7113192745")


def test_a_romanian_number_names_a_county_and_a_rest_of_ten_is_one() -> None:
    assert europe.ro_cnp("1630615124901")
    assert not europe.ro_cnp("1630615993454")
    assert not europe.ro_cnp("0800101221142")
    assert not europe.ro_cnp("1632215123457")


def test_a_date_that_does_not_exist_is_no_number_whatever_its_check() -> None:
    assert not europe.pl_pesel("44053401359")
    assert not europe.bg_egn("7533169263")
    assert not europe.yu_jmbg("3201006500006")
    assert not europe.yu_jmbg("0101506500053"), "nobody was born in the year 2506"
    assert not europe.ee_ik("37605320299")
    assert not europe.ee_ik("97605030299")
    assert not europe.gr_amka("32013099997")


def test_a_rest_of_ten_goes_on_to_the_second_weights_or_becomes_zero() -> None:
    assert held(europe.ee_ik, "37605032626", "37605039610") == ["37605032626", "37605039610"]
    assert europe.bg_egn("7523163590")


def test_a_latvian_number_is_a_date_and_century_or_since_2017_a_prefix() -> None:
    assert europe.lv_pk("32132321232")
    assert not europe.lv_pk("31132321232")
    assert not europe.lv_pk("16117539997"), "there is no fourth century"


def test_nobody_has_a_number_of_zeros() -> None:
    assert not europe.nl_bsn("000000000")
    assert not europe.gr_afm("000000000")
    assert not europe.pt_nif("000000000")
    assert not europe.gb_nhs("0000000000")


def test_a_swiss_number_begins_with_the_countrys_code() -> None:
    assert europe.ch_ahv("7561234567897")
    assert not europe.ch_ahv("7571234567894")


def test_an_austrian_check_digit_stands_in_fourth_place_before_the_birthday() -> None:
    assert [digit for digit in "0123456789" if europe.at_svnr(f"123{digit}010180")] == ["7"]
    assert not europe.at_svnr("0237010180")
    assert not europe.at_svnr("1237320180")
    assert not europe.at_svnr("1237011680")


def test_a_british_taxpayers_check_digit_stands_first() -> None:
    assert [digit for digit in "0123456789" if europe.gb_utr(f"{digit}955839661")] == ["1"]
