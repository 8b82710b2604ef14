"""The gate: which rules are worth running on a text, all asked at once."""

from __future__ import annotations

from gateway.guards.gate import Gate
from gateway.guards.kinds import RULES
from gateway.guards.rule import Rule, pattern_rule


def rule(name: str, gate: str) -> Rule:
    return pattern_rule(name, "secret", "never", "test", gate=gate)


ONE, TWO, SAME = rule("one", r"a\d"), rule("two", r"b\d"), rule("same", r"a\d")


def test_only_rules_whose_gate_matches_somewhere_are_returned() -> None:
    gate = Gate([ONE, TWO])
    assert gate.hits(b"") == gate.hits(b"a b 1") == []
    assert gate.hits(b"xx b7") == [TWO]
    assert gate.hits(b"b7" * 1_000 + b"a1") == [ONE, TWO]


def test_rules_with_one_gate_share_it_and_come_in_the_order_they_were_given() -> None:
    gate = Gate([TWO, ONE, SAME])
    assert gate.hits(b"a1") == [ONE, SAME]
    assert gate.hits(b"a1 b1") == [TWO, ONE, SAME]


def test_bytes_that_are_no_utf_8_neither_match_nor_break_it() -> None:
    assert Gate([ONE]).hits(b"\xff\xfe\x00") == []
    assert Gate([ONE]).hits(b"\xff a1") == [ONE]


def test_a_text_of_prose_opens_no_gate_of_the_whole_set() -> None:
    prose = b"The quick brown fox jumps over the lazy dog, and nobody minded."
    assert [rule.name for rule in Gate(RULES).hits(prose)] == []
