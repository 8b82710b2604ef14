"""Denied topics and patterns: whole words in any script, patterns as they are, and a bad one refused by its name."""

from __future__ import annotations

import time

import pytest

from gateway.guards.denials import Denials


def test_nothing_denied_finds_nothing() -> None:
    assert Denials([]).found("anything at all") == []


def test_words_are_found_whole_in_any_case_and_script_and_not_inside_longer_ones() -> None:
    denials = Denials([("drugs", None, ("crack", "bath salts")), ("politics", None, ("выборы", "élection"))])
    assert denials.found("Where to buy CRACK?") == ["drugs"]
    assert denials.found("crack") == ["drugs"]
    assert denials.found("bath \n salts") == ["drugs"]
    assert denials.found("firecrackers and crackling") == []
    assert denials.found("на ВЫБОРЫ, l'élection") == ["politics"]
    assert denials.found("перевыборы") == []
    assert denials.found("réélections") == []


def test_a_word_is_no_pattern() -> None:
    denials = Denials([("odd", None, ("c++", "a.b"))])
    assert denials.found("in c++ only") == ["odd"]
    assert denials.found("in ccc only, aXb") == []


def test_several_are_told_in_the_order_they_were_given() -> None:
    denials = Denials([("b", r"\d{3}", ()), ("a", None, ("x",))])
    assert denials.found("x 123") == ["b", "a"]


def test_a_pattern_that_is_none_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="denied 'bad'"):
        Denials([("fine", "x", ()), ("bad", "(", ())])
    with pytest.raises(ValueError, match="denied 'back'"):
        Denials([("back", r"(a)\1", ())])


def test_a_pattern_that_is_slow_elsewhere_is_not_slow_here_and_odd_text_breaks_nothing() -> None:
    denials = Denials([("evil", r"(a+)+$", ())])
    began = time.process_time()
    assert denials.found("a" * 100_000 + "!") == []
    assert time.process_time() - began < 2
    assert denials.found("\ud800") == []
