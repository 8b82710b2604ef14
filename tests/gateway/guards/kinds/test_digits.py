"""Runs of digits: cut into the groupings that are known, bounded however long they are, and dates left alone."""

from __future__ import annotations

import time

import pytest

from gateway.guards.findings import Hit
from gateway.guards.kinds.digits import RULES

[RULE] = RULES


def found(text: str, *taken: Hit) -> list[tuple[str, str]]:
    buf = text.encode()
    return [(hit.kind, buf[hit.start : hit.end].decode()) for hit in RULE.find(buf, taken)]


CARD, PHONE, SSN = "4111 1111 1111 1111", "415-555-2671", "219-09-9999"


def test_numbers_in_one_run_are_found_each_by_its_grouping() -> None:
    assert found(f"{CARD} {PHONE}") == [("card", CARD), ("phone", PHONE)]
    assert found(f"{SSN} {CARD}") == [("ssn", SSN), ("card", CARD)]
    assert found(f"12 {CARD} 7") == [("card", CARD)]


def test_the_longest_grouping_at_a_place_wins() -> None:
    assert found("1 415 555 2671 99") == [("phone", "1 415 555 2671")]


def test_a_plus_or_bracket_before_the_run_belongs_to_it() -> None:
    assert found("call +1 415 555 2671") == [("phone", "+1 415 555 2671")]
    assert found("call (+44) 20 7946 0958") == [("phone", "(+44) 20 7946 0958")]
    assert found("(415) 555-2671") == [("phone", "(415) 555-2671")]
    assert found(f"+49 151 1234 5678 {CARD}") == [("phone", "+49 151 1234 5678"), ("card", CARD)]


def test_a_plus_before_what_is_no_number_does_not_hide_the_next_one() -> None:
    assert found(f"+0 {CARD}") == [("card", CARD)]


@pytest.mark.parametrize(
    "text",
    ["2024-03-12", "2024-03-12 10", "12.03.2024", "1_000_000_000", "id:9-12-1234567", "a4155552671", "order 1234567"],
)
def test_dates_large_figures_and_tails_of_identifiers_are_none(text: str) -> None:
    assert found(text) == []


def test_a_date_of_no_century_of_ours_may_be_a_number() -> None:
    assert found("phone 2124-03-12") == [("phone", "2124-03-12")]
    assert found("phone 12.03.2124") == [("phone", "12.03.2124")]


def test_a_run_inside_an_iban_is_the_ibans_and_what_follows_it_is_not() -> None:
    iban = "DE89 3704 0044 0532 0130 00"
    taken = Hit(0, len(iban), "iban", "iban")
    assert found(f"{iban}, {CARD}", taken) == [("card", CARD)]
    assert found(f"{CARD}, {iban}", Hit(21, 21 + len(iban), "iban", "iban")) == [("card", CARD)]
    other = Hit(0, len(CARD), "email", "email")
    assert found(CARD, other) == [("card", CARD)]


def test_digits_one_by_one_are_read_as_one_number() -> None:
    spaced = " ".join(CARD.replace(" ", ""))
    assert found(spaced) == [("card", spaced)]


def test_a_word_anywhere_makes_an_untelling_grouping_worth_a_look() -> None:
    assert found("55 526 71") == []
    assert found("phone 55 526 71") == [("phone", "55 526 71")]


def test_far_into_a_run_years_are_no_aadhaar_but_a_card_is_a_card() -> None:
    assert found("2341 2341 2346") == [("national_id", "2341 2341 2346")]
    assert found("1999 " * 20 + "2341 2341 2346") == []
    assert ("card", CARD) in found("199 " * 20 + CARD)


def test_a_long_table_of_figures_costs_linear_time() -> None:
    began = time.process_time()
    found("1234 567 89 12345 " * 20_000)
    assert time.process_time() - began < 4
