"""Rules as settings: an answer for any arguments, equal by their text, refused with a sentence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.rule import Rule, broken
from gateway.config.tools import ConfiguredTool

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
JSON = PLAIN | st.lists(PLAIN, max_size=3) | st.fixed_dictionaries({"b": PLAIN})
RULES = (
    "a == 1",
    "a != 'x' or not a in ['x', 'y']",
    "every a <= 3 and has b",
    "any a within 'example.com'",
    "host(a) == 'b.example'",
    "length(a) in 1 .. 4",
    "a under '/srv'",
    "a.b matches 'x+'",
)


@given(arguments=st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2), rule=st.sampled_from(RULES))
def test_every_rule_has_an_answer_for_any_arguments(arguments: dict[str, Any], rule: str) -> None:
    assert Rule(rule).holds(arguments) in (True, False, None)


def test_the_first_rule_that_does_not_hold_or_cannot_be_judged_is_named() -> None:
    rules = (Rule("a == 1"), Rule("b == 2"))
    assert broken(rules, {"a": 1, "b": 2}) is None
    assert broken(rules, {"a": 1, "b": 3}) == 1
    assert broken(rules, {"a": "1", "b": 3}) == 0


def test_rules_are_equal_by_their_text() -> None:
    assert {Rule("a == 1"), Rule("a == 1")} == {Rule("a == 1")}
    assert repr(Rule("a == 1")) == "Rule('a == 1')"
    assert Rule("a == 1") != "a == 1"


def test_a_tool_s_rules_are_read_with_the_file_and_written_as_they_were() -> None:
    tool = ConfiguredTool.model_validate({"name": "pay", "kind": "local", "rules": ["amount <= 100"]})
    assert tool.rules == (Rule("amount <= 100"),)
    assert tool.model_dump(mode="json")["rules"] == ["amount <= 100"]
    with pytest.raises(ValueError, match="at character 9: expected a number"):
        ConfiguredTool.model_validate({"name": "pay", "kind": "local", "rules": ["amount <"]})
