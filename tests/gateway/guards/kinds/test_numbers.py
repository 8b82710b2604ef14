"""What one written number is: checks first, then its own shape, then the word before it; and words that say no."""

from __future__ import annotations

import pytest

from gateway.guards.kinds.national_digits import NUMBERINGS
from gateway.guards.kinds.numbers import CONTEXT_BYTES, classify, said, words_tell

AT = {entry.rule: index for index, entry in enumerate(NUMBERINGS)}


def kind(text: str, *, whole: bool = True) -> str | None:
    """Classify the number between < and > in a text."""
    start, end = text.index("<"), text.index(">") - 1
    buf = text.replace("<", "").replace(">", "").encode()
    groups = "".join(char if char.isdigit() else " " for char in buf[start:end].decode()).split()
    hit = classify(buf, start, end, "".join(groups), tuple(map(len, groups)), whole=whole)
    assert hit is None or (hit.start, hit.end) == (start, end)
    return None if hit is None else hit.rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("<4111 1111 1111 1111>", "card"),
        ("order <4111 1111 1111 1111>", "card"),  # a checksum outweighs a word
        ("+<4111111111111111>", "card"),
        ("<+14155552671>", "phone"),
        ("order <+14155552671>", "phone"),  # the plus outweighs a word
        ("<+0155552671>", None),
        ("%2B<14155552671>", "phone"),
        ("phone <5552671>", "phone"),
        ("<5552671>", None),
        ("phone <1234567890123456>", None),  # E.164: fifteen digits at most
        ('{"mobile": "<4155552671>"}', "phone"),
        ("ssn <219099999>", "ssn"),
        ("<219-09-9999>", "ssn"),
        ("<219 099 999>", None),
        ("order <219-09-9999>", None),
        ("cpf <52998224725>", "national_id.br_cpf"),
        ("order <44051401359>", None),
        ("<44051401359>", "national_id.pl_pesel"),
        ("tax id <52998224725>", "national_id.br_cpf"),
        ("ip <192.168.1.10>", None),
    ],
)
def test_checks_then_shapes_then_words_decide(text: str, rule: str | None) -> None:
    assert kind(text) == rule


@pytest.mark.parametrize("area", ["000", "666", "900", "999"])
def test_areas_that_social_security_never_gives_are_none(area: str) -> None:
    assert kind(f"ssn <{area}-12-3456>") != "ssn"


def test_groups_and_serials_of_zeros_are_no_social_security_number() -> None:
    assert kind("ssn <123-00-4567>") != "ssn"
    assert kind("ssn <123-45-0000>") != "ssn"
    assert kind("ssn <123-45-6789>") == "ssn"
    assert kind("ssn <899-45-6789>") == "ssn"


def test_digits_one_by_one_are_a_social_security_number_only_if_nothing_else_is_around() -> None:
    assert kind("<2 1 9 0 9 9 9 9 9>") == "ssn"
    assert kind("<2 1 9 0 9 9 9 9 9>", whole=False) is None


@pytest.mark.parametrize(
    "text",
    [
        *("a<4111111111111111>", "<4111111111111111>a", "x_<4111111111111111>"),
        *("9-<4111111111111111>", "f.<4111111111111111>"),
    ],
)
def test_the_inside_of_a_hash_or_identifier_is_no_card(text: str) -> None:
    assert kind(text) is None


@pytest.mark.parametrize("text", ["phone 1-<5552671>", "phone <5552671>-x", "phone <5552671>/2", "phone a/<5552671>"])
def test_a_tight_joiner_ties_a_number_to_what_stands_beside_it(text: str) -> None:
    assert kind(text) is None


def test_a_percent_escape_before_it_is_no_letter() -> None:
    assert kind("card%3D<4111111111111111>") == "card"
    assert kind("phone%20<5552671>") == "phone"


def test_a_part_of_a_longer_run_needs_fifteen_digits_to_be_a_card() -> None:
    assert kind("<30569309025904>") == "card"
    assert kind("<30569309025904>", whole=False) != "card"
    assert kind("<378282246310005>", whole=False) == "card"


def test_where_only_digits_stand_before_it_words_are_not_looked_for() -> None:
    buf = b"phone 5552671"
    assert classify(buf, 6, 13, "5552671", (7,), whole=True) is not None
    assert classify(buf, 6, 13, "5552671", (7,), whole=True, bare=True) is None


def test_the_nearest_word_wins() -> None:
    assert kind("phone for order <5552671>") is None
    assert kind("order phone <5552671>") == "phone"
    assert said(b"phone order ")[0] == "none"
    assert said(b"order phone ")[0] == "phone"


def test_a_word_counts_on_its_own_line_or_as_its_key_and_not_beyond_its_reach() -> None:
    assert kind("phone\nsomething else <5552671>") is None
    assert kind("phone:\n  <5552671>") == "phone"
    assert kind('{"order": 1, "phone": "<5552671>"}') == "phone"
    assert kind("phone" + " " * (CONTEXT_BYTES - 5) + "<5552671>") == "phone"
    assert kind("phone" + " " * CONTEXT_BYTES + "<5552671>") is None


def test_what_words_tell_is_the_last_class_the_countries_and_whether_one_is_general() -> None:
    assert said(b"") == said(b"hello there") == ("", frozenset(), False)
    assert said(b"my cpf and pesel: ") == ("", frozenset({AT["br_cpf"], AT["pl_pesel"]}), False)
    assert said(b"national id number ")[2] is True
    assert said(b"tax_id=")[2] is True


def test_an_underscore_is_an_edge_of_a_word_as_well() -> None:
    assert AT["br_cpf"] in said(b"customer_cpf: ")[1]
    assert AT["br_cpf"] not in said(b"xcpfy ")[1]


def test_a_text_with_no_word_or_only_one_that_says_no_tells_nothing() -> None:
    assert not words_tell(b"order 5552671")
    assert not words_tell(b"nothing here")
    assert words_tell(b"order 1, phone 2")
    assert words_tell(b"identity card")
