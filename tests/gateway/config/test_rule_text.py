"""What is no rule is refused with the place; whatever is read ends in a rule or a sentence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.rule import CHARS_MAX, Rule
from gateway.config.rule_text import RuleUnreadable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the name of an argument"),
        ("a", "expected a comparison"),
        ("a ==", "expected a number, a text in quotes"),
        ("a == b", "at character 6"),
        ("(a == 1", "expected ')'"),
        ("a in []", "expected a number"),
        ("a in [1, 'x']", "all texts or none"),
        ("a in 1 .. 'x'", "expected a number"),
        ("a in 5 .. 1", "is empty"),
        ("a in 5", "expected '..'"),
        ("a matches '('", "no regular expression"),
        ("a matches x", "expected a text in quotes"),
        ("a under ''", "plain path"),
        ("a within 'a b'", "host's name"),
        ("a < 'x'", "compares numbers"),
        ("a == 1 1", "or the end"),
        ("a == __import__('os')", "at character 6"),
        ("a $ 1", "at character 3"),
        ("has", "expected a comparison"),
        ("not " * 20 + "a == 1", "at most 16 levels"),
        ("a == 1 or " * 200 + "a == 1", f"at most {CHARS_MAX}"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(RuleUnreadable, match=re.escape(words)):
        Rule(text)


@given(text=st.text(alphabet="ab'\"()[]<>=!.,1 \\andorti", max_size=40))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = Rule(text)
    except RuleUnreadable:
        return
    assert rule.holds({"a": 1}) in (True, False, None)
