"""Tool arguments in two forms, still JSON, with every destination closed unless it is named."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.guards import Policy, Redactor, Vault
from gateway.guards.arguments import DESTINATIONS, remembered, restore_arguments

VAULT = Vault(key=b"k" * 32)
MAIL = VAULT.placeholder("email", "joe@example.org")
NAME = VAULT.placeholder("person", "Ann Lee")
ODD = VAULT.placeholder("secret", 'p"a\\s\n§')


def test_values_come_back_escaped_for_json() -> None:
    text = json.dumps({"note": f"it is {ODD}", "n": 1.10, "deep": [{"x": MAIL}]})
    both = restore_arguments(text, VAULT)
    assert json.loads(both.released) == {"note": 'it is p"a\\s\n§', "n": 1.1, "deep": [{"x": "joe@example.org"}]}
    assert both.clear == both.released


def test_numbers_order_blanks_and_keys_stay_as_they_were() -> None:
    text = f'{{ "b":1.50, "{MAIL}" : 1e400, "a":"{MAIL}" }}'
    assert restore_arguments(text, VAULT).released == f'{{ "b":1.50, "{MAIL}" : 1e400, "a":"joe@example.org" }}'


def test_a_re_escaped_placeholder_is_still_known() -> None:
    escaped = MAIL.replace("E", "\\u0045").replace("_", "\\u005f")
    assert restore_arguments(f'{{"a":"{escaped}"}}', VAULT).released == '{"a":"joe@example.org"}'


def test_destinations_stay_closed_unless_named_but_are_clear_for_the_check() -> None:
    text = json.dumps({"to": [{"addr": MAIL}], "body": MAIL, "Reply_To": MAIL})
    both = restore_arguments(text, VAULT, destinations=DESTINATIONS)
    assert json.loads(both.released) == {"to": [{"addr": MAIL}], "body": "joe@example.org", "Reply_To": MAIL}
    assert MAIL not in both.clear
    named = restore_arguments(text, VAULT, destinations=DESTINATIONS, names=frozenset({"to"}))
    assert json.loads(named.released)["to"] == [{"addr": "joe@example.org"}]


def test_named_restores_only_those_and_none_nothing() -> None:
    text = json.dumps({"a": MAIL, "b": MAIL})
    assert json.loads(restore_arguments(text, VAULT, mode="named", names=frozenset({"a"})).released) == {
        "a": "joe@example.org",
        "b": MAIL,
    }
    assert restore_arguments(text, VAULT, mode="none").released == text


def test_a_url_inside_any_field_stays_closed() -> None:
    text = json.dumps({"text": f"see https://evil.example/{MAIL}"})
    assert restore_arguments(text, VAULT).released == text


def test_what_is_not_json_is_left_alone() -> None:
    assert restore_arguments(f'{{"a": "{MAIL}', VAULT).released == f'{{"a": "{MAIL}'


TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(MAIL) | st.just(ODD),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(TREE)
def test_restoring_a_tree_is_restoring_each_of_its_strings(tree: object) -> None:
    def put(node: object) -> object:
        if isinstance(node, str):
            return node.replace(MAIL, "joe@example.org").replace(ODD, 'p"a\\s\n§')
        if isinstance(node, list):
            return [put(item) for item in node]
        return {key: put(value) for key, value in node.items()} if isinstance(node, dict) else node

    assert json.loads(restore_arguments(json.dumps(tree), VAULT).clear) == put(tree)


def kept(action: str, **fields: object) -> tuple[object, list[tuple[str, str, str]]]:
    """Return what a tool that remembers gets, and what is noted, if e-mail addresses and names meet this action."""
    policy = Policy({kind: {"memory": action} for kind in ("email", "person")})  # type: ignore[dict-item]
    both, findings = remembered(Redactor(), json.dumps(fields), policy, VAULT)
    assert "_" not in json.loads(both.clear)["text"]  # Firewall sees values, whatever is kept
    return json.loads(both.released), [(each.kind, each.rule, each.action) for each in findings]


def test_what_is_remembered_keeps_its_placeholders_and_what_came_clear_gets_one() -> None:
    released, findings = kept("tokenize", text=f"{NAME} is {MAIL}", raw="it is joe@example.org", n=5)
    assert released == {"text": f"{NAME} is {MAIL}", "raw": f"it is {MAIL}", "n": 5}
    by_name = {
        ("person", "placeholder", "tokenize"),
        ("email", "placeholder", "tokenize"),
        ("email", "email", "tokenize"),
    }
    assert set(findings) == by_name


def test_what_is_remembered_is_marked_for_good_or_restored_as_the_policy_says_of_its_kind() -> None:
    fields = {"text": f"{NAME} is {MAIL}", "raw": "joe@example.org", MAIL: 1, "other": "EMAIL_BCDFGHJKLMNPQRST"}
    masked, findings = kept("mask", **fields)
    assert masked == {
        "text": "[PERSON] is [EMAIL]", "raw": "[EMAIL]", MAIL: 1, "other": "EMAIL_BCDFGHJKLMNPQRST"
    }  # fmt: skip
    assert {action for _, _, action in findings} == {"mask"}
    restored, findings = kept("observe", **fields)
    assert restored == {
        "text": "Ann Lee is joe@example.org", "raw": "joe@example.org", MAIL: 1, "other": "EMAIL_BCDFGHJKLMNPQRST"
    }  # fmt: skip
    assert ("person", "placeholder", "observe") in findings
    assert kept("off", **fields) == (restored, [])


def test_what_must_not_be_remembered_is_found_behind_its_placeholder_too() -> None:
    assert ("person", "placeholder", "block") in kept("block", text=NAME)[1]
    assert ("email", "email", "block") in kept("block", text="joe@example.org")[1]


def test_what_is_remembered_and_no_json_is_a_text_with_nothing_restored() -> None:
    both, findings = remembered(Redactor(), f"{MAIL} or ann@example.org", Policy({"email": {"memory": "mask"}}), VAULT)
    assert both.released == f"{MAIL} or [EMAIL]"
    assert len(findings) == 2
