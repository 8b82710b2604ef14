"""Arguments on the way to a tool, results on the way back."""

from gateway.guards import Policy, Redactor, Vault
from gateway.guards.json_text import redacted
from gateway.policies import observing
from gateway.stages.tool_cargo import masked


def test_arguments_are_masked_for_people_and_stay_json() -> None:
    shown = masked('{"to":"bob@example.com","amount":5}')
    assert "bob@example.com" not in shown
    assert shown.endswith('"amount":5}')


def test_what_is_no_json_is_a_text() -> None:
    policy = Policy({"email": {"tool_result": "mask"}})
    text, findings = redacted(Redactor(), "write to bob@example.com", policy, Vault(), "tool_result")
    assert "bob@" not in text
    assert [finding.kind for finding in findings] == ["email"]


def test_without_a_run_what_would_be_tokenized_is_only_observed() -> None:
    policy = Policy({"email": {"tool_result": "tokenize"}, "iban": {"tool_result": "mask"}})
    lenient = observing(policy)
    assert lenient.actions["tool_result"]["email"] == "observe"
    assert lenient.actions["tool_result"]["iban"] == "mask"
    assert lenient.actions["request"] == policy.actions["request"]
    strict = Policy({kind: {"tool_result": "block"} for kind in policy.actions["tool_result"]})
    assert observing(strict) is strict
