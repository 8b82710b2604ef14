"""The table of numbers in digits: which word, which grouping, and what a general word may tell."""

from __future__ import annotations

import random

import re2

from gateway.guards.kinds.national_digits import GENERAL_WORDS, NUMBERINGS, named, telling

AT = {entry.rule: index for index, entry in enumerate(NUMBERINGS)}


def test_at_least_twenty_five_countries_are_known_each_by_one_line_with_its_source() -> None:
    assert len({entry.rule[:2] for entry in NUMBERINGS if entry.kind == "national_id"}) >= 25
    assert len(AT) == len(NUMBERINGS)
    assert all(entry.source and entry.kind in {"national_id", "tax_id"} for entry in NUMBERINGS)


def test_every_length_of_the_table_is_looked_up() -> None:
    dice = random.Random(5)
    for index, entry in enumerate(NUMBERINGS):
        for length in entry.lengths:
            tries = (f"{dice.randrange(10**length):0{length}}" for _ in range(3_000))
            for digits in tries:
                if entry.valid(digits):
                    assert named({index}, digits) == (entry.kind, f"{entry.kind}.{entry.rule}")
                    break


def test_a_shape_in_which_a_number_stands_alone_has_its_length() -> None:
    for entry in NUMBERINGS:
        assert all(sum(shape) in entry.lengths for shape in entry.alone or ()), entry.rule


def test_words_and_general_words_are_patterns_of_the_engine_and_match_no_empty_text() -> None:
    for pattern in (GENERAL_WORDS, *(entry.words for entry in NUMBERINGS)):
        assert re2.compile(pattern).search("") is None


def test_a_countrys_own_word_names_its_number_and_no_other_countrys_does() -> None:
    assert named({AT["br_cpf"]}, "52998224725") == ("national_id", "national_id.br_cpf")
    assert named({AT["pl_pesel"]}, "52998224725") is None
    assert named({AT["pl_pesel"], AT["br_cpf"]}, "52998224725") == ("national_id", "national_id.br_cpf")
    assert named({AT["br_cpf"]}, "52998224726") is None
    assert named(frozenset(), "52998224725") is None
    assert named({AT["br_cpf"]}, "529982247251234567890") is None


def test_a_grouping_of_its_own_needs_no_word_and_another_needs_a_general_one() -> None:
    assert telling("52998224725", (3, 3, 3, 2), general=False) == ("national_id", "national_id.br_cpf")
    assert telling("52998224725", (11,), general=False) is None
    assert telling("52998224725", (11,), general=True) == ("national_id", "national_id.br_cpf")
    assert telling("52998224726", (3, 3, 3, 2), general=True) != ("national_id", "national_id.br_cpf")


def test_digits_one_by_one_are_as_good_as_undivided_ones() -> None:
    assert telling("44051401359", (11,), general=False) == ("national_id", "national_id.pl_pesel")
    assert telling("44051401359", (1,) * 11, general=False) == ("national_id", "national_id.pl_pesel")
    assert telling("44051401359", (5, 6), general=False) is None


def test_a_number_without_a_check_is_never_told_by_a_general_word() -> None:
    assert telling("12345678", (8,), general=True) is None or telling("12345678", (8,), general=True) != (
        "national_id",
        "national_id.ar_dni",
    )
    assert named({AT["ar_dni"]}, "12345678") == ("national_id", "national_id.ar_dni")
