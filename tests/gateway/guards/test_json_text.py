"""JSON in a text: its literals in order with the keys above them, and a policy applied without touching the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.guards import Policy, Redactor, Vault
from gateway.guards.json_text import is_json, literals, plain, redact_json

REDACTOR = Redactor()
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def scalars(tree: Any) -> list[Any]:
    """Return keys, strings and numbers of a tree in the order of its text."""
    if isinstance(tree, dict):
        return [each for key, value in tree.items() for each in (key, *scalars(value))]
    if isinstance(tree, list):
        return [each for value in tree for each in scalars(value)]
    return [] if tree is None or isinstance(tree, bool) else [tree]


@given(TREES, st.sampled_from([None, 2]), st.booleans())
def test_every_string_key_and_number_is_a_literal_in_its_order(tree: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    assert [json.loads(text[each.start : each.end]) for each in literals(text)] == scalars(tree)


def test_a_value_knows_the_keys_above_it_and_the_nearest_as_it_is_written() -> None:
    text = '{"Home-Address": {"Zip_Code": ["1", {"x": 2}]}, "n": 3}'
    values = [(text[each.start : each.end], each.keys, each.name) for each in literals(text) if not each.is_key]
    assert values == [
        ('"1"', ["", "homeaddress", "zipcode", "zipcode"], "Zip_Code"),
        ("2", ["", "homeaddress", "zipcode", "zipcode", "x"], "x"),
        ("3", ["", "n"], "n"),
    ]


def test_keys_are_compared_without_case_and_joiners() -> None:
    assert plain("Social_Security-No. 1") == "socialsecurityno1"


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("{}", True),
        (" \n[1]", True),
        ('{"a": 1', False),
        ("{a}", False),
        ('"text"', False),
        ("12", False),
        ("", False),
        ("   ", False),
        ("[" * 100_000, False),
    ],
)
def test_only_whole_objects_and_arrays_are_json_in_a_text(text: str, *, yes: bool) -> None:
    assert is_json(text) is yes


Told = list[tuple[str, int, int]]
KEPT = Policy({kind: {"tool_result": "tokenize"} for kind in ("email", "ssn", "card")})


def redacted(text: str, policy: Policy = KEPT, vault: Vault | None = None) -> tuple[str, Told]:
    changed, findings = redact_json(
        REDACTOR, text, policy, Vault() if vault is None else vault, "tool_result", place="/content"
    )
    assert {each.place for each in findings} <= {"/content"}
    return changed, [(each.kind, each.start, each.end) for each in findings]


def test_a_text_without_anything_to_find_is_returned_as_it_is() -> None:
    for text in ("[]", "{}", "[true, null, 1.50, 1e5]", '{"a" : "b",\t"n": -12345678.9}'):
        assert redacted(text) == (text, [])


def test_only_the_literal_that_holds_a_value_changes_and_offsets_are_its_own() -> None:
    vault = Vault()
    text = '{ "who":"mail joe@example.org", "n" : 1.50 }'
    changed, findings = redacted(text, vault=vault)
    placeholder = vault.placeholder("email", "joe@example.org")
    assert changed == f'{{ "who":"mail {placeholder}", "n" : 1.50 }}'
    assert findings == [("email", 5, 20)]


def test_a_long_number_that_is_a_value_becomes_a_string_and_others_stay_numbers() -> None:
    vault = Vault()
    changed, findings = redacted('{"ssn": 219099999, "order": 219099999, "card": 4111111111111111.0}', vault=vault)
    tree = json.loads(changed)
    assert vault.value(tree["ssn"]) == "219099999"
    assert (tree["order"], tree["card"]) == (219099999, 4111111111111111.0)
    assert findings == [("ssn", 0, 9)]


def test_a_value_in_a_key_is_replaced_too() -> None:
    changed, findings = redacted('{"joe@example.org": 1}')
    assert "joe@example.org" not in changed
    assert len(json.loads(changed)) == 1
    assert [kind for kind, _, _ in findings] == ["email"]


def test_what_is_only_observed_is_told_and_left_as_it_is() -> None:
    text = '["joe@example.org"]'
    changed, findings = redacted(text, Policy({"email": {"tool_result": "observe"}}))
    assert (changed, findings) == (text, [("email", 0, 15)])


def test_only_the_end_of_a_very_long_key_tells_what_its_value_is() -> None:
    assert redacted(json.dumps({"x" * 500 + " ssn": "219099999"}))[1] == [("ssn", 0, 9)]
    assert redacted(json.dumps({"ssn " + "x" * 500: "219099999"}))[1] == []
