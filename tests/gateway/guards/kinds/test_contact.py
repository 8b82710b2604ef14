"""E-mail addresses: whole in every form they are written in, and what only has an @ or an "at" left alone."""

from __future__ import annotations

import pytest

from gateway.guards import Detector
from gateway.guards.kinds.contact import RULES

DETECTOR = Detector(RULES)


def found(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in DETECTOR.scan(text, frozenset({"email"}))]


@pytest.mark.parametrize(
    "address",
    [
        "joe@example.org",
        "joe.doe+tag@mail.example.co.uk",
        "o'neil@example.org",
        "_joe_@example.org",
        "jörg@müller.de",
        "иван@пример.рф",
        "joe%40example.org",
        "joe%2Btag%40example.org",
        "joe&#64;example.org",
        "joe&#x40;example.org",
        "joe&commat;example.org",
        "joe\\u0040example.org",
        "joe [at] example [dot] org",
        "joe (at) example.org",
        "joe.doe {at} mail {dot} example {dot} com",
        "joe_at_example.org",
        "joe arroba ejemplo punto com",
        "joe.doe at example.org",
        "joe7 at example dot com",
        "joe @ example.org",
    ],
)
def test_an_address_is_found_whole_at_both_ends_of_a_text_and_in_a_sentence(address: str) -> None:
    assert found(address) == [address]
    assert found(f"Please write to <{address}>, or call.") == [address]


def test_a_local_part_of_more_than_sixty_four_bytes_is_still_found_to_its_beginning() -> None:
    for size in (63, 64, 65, 200):
        address = "x" * size + "@example.org"
        assert found(f"mail {address} now") == [address]


def test_more_than_sixty_four_addresses_in_one_text_are_all_found() -> None:
    for count in (63, 64, 65, 200):
        addresses = [f"user{number}@example.org" for number in range(count)]
        assert found(", ".join(addresses)) == addresses


def test_one_address_beyond_ascii_does_not_change_what_is_found_of_the_others() -> None:
    assert found("joe@example.org, jörg@müller.de, tom@example.org") == [
        "joe@example.org",
        "jörg@müller.de",
        "tom@example.org",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo.git",
        "hg@example.org:repo",
        "icon@2x.png",
        "style@main.css",
        "https://joe:secret@example.org/x",
        "left@right",
        "@example.org",
        "joe@",
        "joe@example",
        "look at example.org",
        "the demo is hosted at example dot com",
        "meet me at noon. com",
        "we arrived at example.org",
        "see index at main.py",
        "table[at]",
    ],
)
def test_what_is_no_address_is_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_plain_name_before_at_needs_a_sign_or_a_word_that_it_is_an_address() -> None:
    assert found("paul at example.org") == []
    assert found("email: paul at example.org") == ["paul at example.org"]
    assert found("paul at example dot org") == ["paul at example dot org"]


def test_an_ssh_users_name_is_an_address_where_no_path_follows() -> None:
    assert found("git@example.org please") == ["git@example.org"]
