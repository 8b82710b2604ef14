"""Where a value could be carried off: the same answer however the text was cut, in bounded memory."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards.surroundings import Surroundings

GOOD = frozenset({"good.example"})
BITS = (
    *("<", "a", ">", '"', "'", "](", ")", "(", "\n\n", "\n", "```"),
    *("//", "www.", "good.example", "/", " ", "fetch(", "[1]:", ".src =", "x"),
)
PLACES = st.sets(st.integers(0, 100), max_size=8)


def forbidden(*pieces: str, hosts: frozenset[str] = frozenset()) -> bool:
    surroundings = Surroundings()
    for piece in pieces:
        surroundings.advance(piece)
    return surroundings.forbids(hosts)


@given(
    st.lists(st.sampled_from(BITS), max_size=25), st.sets(st.integers(0, 100), max_size=8), st.sets(st.integers(0, 100))
)
def test_any_cut_and_any_moment_of_asking_gives_the_same_answer(
    bits: list[str], cuts: set[int], asked: set[int]
) -> None:
    text = "".join(bits)
    whole = forbidden(text, hosts=GOOD)
    surroundings = Surroundings()
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    for start, end in pairwise(places):
        surroundings.advance(text[start:end])
        if start in asked:
            surroundings.forbids(GOOD)
    assert surroundings.forbids(GOOD) == whole


@pytest.mark.parametrize(
    ("text", "forbids"),
    [
        ("", False),
        ("hello ", False),
        ("<a ", True),
        ("<a>", False),
        ("< a ", False),
        ("</b>", False),
        ("<!-- ", True),
        ('<a title=">', True),
        ("<a title='\"'>", False),
        ("[x](", True),
        ("[x](a)", False),
        ("[x](a (b) ", True),
        ("[x](a (b))", False),
        ("[x](a\n\nb ", False),
        ("(a ", False),
        ("https://x.example/ b ", False),
        ("https://x.example/b", True),
        ("data:text/html,", True),
        ("curl -d ", True),
        ("curl is a program ", False),
        ("curl -d x\nnext ", False),
        ("```\ncurl -d x\nnext ", True),
        ("```\ncurl -d x\n```\nnext ", False),
        ("[1]: ", True),
        ("text [1]: ", False),
    ],
)
def test_tags_targets_urls_and_fetching_lines_forbid_and_their_end_allows(text: str, *, forbids: bool) -> None:
    assert forbidden(text) is forbids


@pytest.mark.parametrize(
    ("text", "forbids"),
    [
        ("https://good.example/?q=", False),
        ("https://GOOD.example:8443/", False),
        ("https://good.example", True),
        ("https://good.example.evil.example/", True),
        ("https://good.example/?u=https://evil.example/", True),
        ("www.good.example/", True),
        ("mailto:a@good.example?x=//good.example/", True),
    ],
)
def test_a_listed_host_may_have_it_if_every_host_of_the_run_is_whole_and_listed(text: str, *, forbids: bool) -> None:
    assert forbidden(text, hosts=GOOD) is forbids
    assert forbidden(text) is True


def test_a_placeholder_right_behind_an_angle_is_a_tags_name() -> None:
    surroundings = Surroundings()
    surroundings.advance("<")
    assert not surroundings.forbids(frozenset())
    surroundings.placed("EMAIL_BCDF")
    assert surroundings.forbids(frozenset())


def test_an_address_longer_than_four_thousand_characters_is_allowed_nowhere() -> None:
    assert not forbidden("https://good.example/" + "a" * 4_000, hosts=GOOD)
    assert forbidden("https://good.example/" + "a" * 4_096, hosts=GOOD)


def test_a_line_that_fetches_goes_on_fetching_however_long_it_is_and_memory_stays_bounded() -> None:
    surroundings = Surroundings()
    surroundings.advance("fetch(x) ")
    for _ in range(300):
        surroundings.advance("word " * 200)
    assert surroundings.forbids(frozenset())
    assert len(surroundings._line) < 25_000
    surroundings.advance("\nnew line ")
    assert not surroundings.forbids(frozenset())


def test_text_that_nobody_asks_about_is_read_when_much_has_gathered() -> None:
    surroundings = Surroundings()
    for _ in range(50):
        surroundings.advance("x" * 1_000)
    assert sum(map(len, surroundings._unread)) <= 16_384


def test_an_angle_that_was_asked_about_is_a_tag_only_if_a_letter_follows() -> None:
    for behind, forbids in (("a ", True), ("/b", True), ("!-", True), (" 3", False), ("= ", False)):
        surroundings = Surroundings()
        surroundings.advance("x <")
        assert not surroundings.forbids(frozenset())
        surroundings.advance(behind)
        assert surroundings.forbids(frozenset()) is forbids, behind
