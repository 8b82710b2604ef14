"""A rule's parts: plain spans from the engine, checks that decide, and the context words that patterns are made of."""

from __future__ import annotations

import re2

from gateway.guards.findings import Hit
from gateway.guards.rule import Pattern, before, pattern_rule, value_after, words


def test_spans_are_of_the_first_group_or_else_of_the_whole_match_one_after_the_other() -> None:
    assert list(Pattern(r"a(\d+)b").spans(b"a12b a3b ab a4b")) == [(1, 3), (6, 7), (13, 14)]
    assert list(Pattern(rb"\d\d").spans(b"12345")) == [(0, 2), (2, 4)]
    assert list(Pattern("é+").spans("aéé".encode())) == [(1, 5)]


def test_an_empty_match_moves_on_and_ends() -> None:
    assert list(Pattern("x*").spans(b"ab")) == [(0, 0), (1, 1), (2, 2)]
    assert list(Pattern("x*").spans(b"")) == [(0, 0)]


def test_a_span_is_looked_for_from_a_place_on() -> None:
    pattern = Pattern(r"a(\d)")
    assert pattern.span(b"a1 a2") == (1, 2)
    assert pattern.span(b"a1 a2", 1) == (4, 5)
    assert pattern.span(b"a1 a2", 4) is None


def test_a_rule_tells_what_its_check_agrees_to() -> None:
    rule = pattern_rule("even", "card", r"\d+", "test", check=lambda buf, start, end: int(buf[start:end]) % 2 == 0)
    assert list(rule.find(b"1 22 3 44", ())) == [Hit(2, 4, "card", "even"), Hit(7, 9, "card", "even")]
    assert (rule.kinds, rule.gate, rule.source) == (frozenset({"card"}), r"\d+", "test")
    assert pattern_rule("other", "card", r"\d+", "test", gate="x").gate == "x"


def test_what_stands_before_ends_at_its_size_and_at_the_end_of_the_text_before() -> None:
    assert before(b"abcdef", 4, 2) == b"cd"
    assert before(b"abcdef", 1, 40) == b"a"
    assert before(b"password:\x00abc", 13, 40) == b"abc"
    assert before(b"abc", 0, 40) == b""


def test_a_blank_in_a_word_stands_for_any_joiner_or_none() -> None:
    pattern = re2.compile(words("soc sec", "ssn"))
    for text in ("soc sec", "SOC_SEC", "soc-sec", "soc.sec", "socsec", "SSN"):
        assert pattern.fullmatch(text), text
    assert not pattern.fullmatch("soc  sec")


def test_a_value_is_found_after_its_word_in_prose_json_and_assignments() -> None:
    pattern = Pattern(value_after(words("passport"), r"[A-Z]\d{8}"))
    for text in ("passport A12345678", "my Passport no. is A12345678", '"passport": "A12345678"', "PASSPORT=A12345678"):
        [(start, end)] = pattern.spans(text.encode())
        assert text[start:end] == "A12345678"
    assert list(pattern.spans(b"passport\nA12345678")) == [], "not on the next line"
    assert list(pattern.spans(b"passport of the man over there A12345678")) == []
