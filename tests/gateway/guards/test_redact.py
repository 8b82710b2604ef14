"""Texts are redacted by policy; findings never carry the value."""

from __future__ import annotations

from gateway.guards import Policy, Redactor, Vault
from gateway.guards.policy import KINDS
from gateway.guards.restore import restore
from gateway.guards.vault import PLACEHOLDER

REDACTOR = Redactor()
TEXT = "Mail joe.doe@example.org or charge 4111 1111 1111 1111."


def test_tokenized_values_come_back_as_themselves() -> None:
    vault = Vault()
    redacted, findings = REDACTOR.redact(TEXT, Policy(), vault, "request", "/messages/0/content")
    assert "joe.doe" not in redacted
    assert "4111" not in redacted
    assert [finding.kind for finding in findings] == ["email", "card"]
    assert {finding.place for finding in findings} == {"/messages/0/content"}
    assert restore(redacted, vault) == TEXT


def test_findings_print_no_value() -> None:
    _, findings = REDACTOR.redact(TEXT, Policy(), Vault(), "request")
    assert "joe" not in repr(findings)
    assert "4111" not in repr(findings)
    assert TEXT[findings[0].start : findings[0].end] == "joe.doe@example.org"


def test_each_action_does_what_it_says() -> None:
    def under(action: str) -> tuple[str, list[str]]:
        policy = Policy({"email": {"request": action}})  # type: ignore[dict-item]
        text, findings = REDACTOR.redact("to joe@example.org", policy, Vault(), "request")
        return text, [finding.action for finding in findings]

    assert under("off") == ("to joe@example.org", [])
    assert under("observe") == ("to joe@example.org", ["observe"])
    assert under("mask") == ("to [EMAIL]", ["mask"])
    assert under("block") == ("to [EMAIL]", ["block"])
    assert PLACEHOLDER.search(under("tokenize")[0])


def test_a_value_that_the_vault_cannot_keep_is_masked_for_good() -> None:
    text, findings = REDACTOR.redact("to joe@example.org", Policy(), Vault(entries_max=0), "request")
    assert text == "to [EMAIL]"
    assert findings[0].action == "mask"


def test_redacting_what_was_redacted_changes_nothing() -> None:
    vault, policy = Vault(), Policy()
    text = "password: hunter2! and api_key=ab12cd34ef56gh78ij90, joe@example.org, born 12 March 1980"
    once, _ = REDACTOR.redact(text, policy, vault, "request")
    assert REDACTOR.redact(once, policy, vault, "request") == (once, [])
    masked, _ = REDACTOR.redact(text, Policy({kind: {"request": "mask"} for kind in KINDS}), vault, "request")
    assert REDACTOR.redact(masked, policy, vault, "request") == (masked, [])


def test_the_same_history_is_redacted_to_the_same_bytes_each_turn() -> None:
    vault, policy = Vault(), Policy()
    first, _ = REDACTOR.redact(TEXT, policy, vault, "request")
    REDACTOR.redact("and also tom@example.org", policy, vault, "request")
    assert REDACTOR.redact(TEXT, policy, vault, "request")[0] == first


def test_one_pass_says_which_of_many_texts_need_work() -> None:
    def hit(*texts: str) -> list[int]:
        return sorted(REDACTOR.scan_texts(texts, frozenset(KINDS)))

    assert hit("hello", "nothing here", "bye") == []
    assert hit("hello", "joe@example.org", "bye", "4111 1111 1111 1111") == [1, 3]


def test_a_key_tells_what_its_value_is() -> None:
    vault, policy = Vault(), Policy()
    assert REDACTOR.redact("219099999", policy, vault, "tool_result")[1] == []
    text, findings = REDACTOR.redact("219099999", policy, vault, "tool_result", "/ssn", context="ssn")
    assert [(finding.kind, finding.start, finding.end) for finding in findings] == [("ssn", 0, 9)]
    assert restore(text, vault) == "219099999"
    assert REDACTOR.redact("tr0ub4dor", policy, vault, "tool_result", context="db_password")[0].startswith("SECRET_")
