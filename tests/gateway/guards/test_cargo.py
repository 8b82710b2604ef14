# ruff: noqa: E501, RUF001 - a sample is one line, odd characters are the subject
"""All texts of a request in one pass: each as if it were alone, and the seams between parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.call import Text
from gateway.guards import Detector, Policy, Redactor, Vault, redact_cargo
from gateway.guards.findings import Hit
from gateway.guards.policy import KINDS
from gateway.guards.restore import restore

REDACTOR = Redactor()
DETECTOR = Detector()
ALL = frozenset(KINDS)
BITS = ["joe@example.org", "4111 1111 1111 1111", "+1 212 555 0123", "DE89 3704 0044 0532 0130 00", "phone: ", "password: ", "hunter2!x",
        "-----BEGIN PRIVATE KEY-----\nMIIE", "born ", "1980-03-12", "é", "４", "\u200b", " ", "\n", ":", "order ", "219-09-9999", "ssn"]  # fmt: skip


def parts(*values: str, role: str = "user") -> list[Text]:
    return [Text(("messages", 0, "content", at, "text"), value, role) for at, value in enumerate(values)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(BITS), max_size=6).map("".join), min_size=1, max_size=5))
def test_texts_in_one_pass_hold_what_each_holds_alone(texts: list[str]) -> None:
    alone = {at: hits for at, text in enumerate(texts) if (hits := DETECTOR.scan(text, ALL))}
    assert DETECTOR.scan_texts(texts, ALL) == alone


def test_a_value_cut_by_the_parts_of_a_message_is_found_at_the_seam() -> None:
    vault = Vault()
    texts = parts("my card is 4111 1111", " 1111 1111, thanks", "joe@example.org")
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), vault)
    assert sorted(finding.kind for finding in findings) == ["card", "email"]
    assert changes[1] == ", thanks"
    assert restore(changes[0], vault) == "my card is 4111 1111 1111 1111"


def test_parts_that_show_a_value_each_keep_their_own() -> None:
    vault = Vault()
    changes, findings = redact_cargo(REDACTOR, parts("joe@example.org", "com, tom@example.org"), Policy(), vault)
    assert len(findings) == 2
    assert [restore(changes[at], vault) for at in (0, 1)] == ["joe@example.org", "com, tom@example.org"]


def test_json_results_stay_json_and_numbers_that_are_no_value_stay_byte_for_byte() -> None:
    vault = Vault()
    told = '{ "amount" : 1.50, "big": 12345678901234567890123, "who": {"mail": "joe\\u0040example.org"},\n "card": 4111111111111111 }'
    texts = [Text(("messages", 1, "content"), told, "tool")]
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), vault)
    assert {finding.direction for finding in findings} == {"tool_result"}
    assert changes[0].startswith('{ "amount" : 1.50, "big": 12345678901234567890123, "who": {"mail": "EMAIL_')
    tree = json.loads(changes[0])
    assert vault.value(tree["who"]["mail"]) == "joe@example.org"
    assert vault.value(tree["card"]) == "4111111111111111"


def test_a_key_in_a_json_text_tells_what_its_value_is() -> None:
    vault = Vault()
    for role in ("tool", "arguments"):
        texts = [Text(("a",), '{"ssn": "219099999", "password": "correct-horse7", "order": "219099999"}', role)]
        tree = json.loads(redact_cargo(REDACTOR, texts, Policy(), vault)[0][0])
        assert tree["ssn"].startswith("SSN_")
        assert tree["password"].startswith("SECRET_")
        assert tree["order"] == "219099999"


def test_a_value_behind_escapes_in_a_json_result_is_found() -> None:
    texts = [Text(("a",), json.dumps({"mail": "ｊｏｅ＠example.org"}), "tool")]
    changes, _ = redact_cargo(REDACTOR, texts, Policy(), Vault())
    assert json.loads(changes[0])["mail"].startswith("EMAIL_")


def test_directions_with_other_kinds_are_looked_through_for_their_own() -> None:
    policy = Policy({"email": {"request": "off"}})
    texts = [Text(("a",), "joe@example.org", "user"), Text(("b",), "joe@example.org", "tool")]
    changes, _ = redact_cargo(REDACTOR, texts, policy, Vault())
    assert list(changes) == [1]


def test_a_request_without_texts_is_left_alone() -> None:
    assert redact_cargo(REDACTOR, [], Policy(), Vault()) == ({}, [])


def test_texts_under_rules_of_their_own_are_looked_at_by_those_alone() -> None:
    texts = [*parts("joe@example.org"), Text(("messages", 1, "content"), "joe@example.org", "tool")]
    lenient = Policy({"email": {"tool_result": "off"}})
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), Vault(), others={1: lenient})
    assert list(changes) == [0]
    changes, findings = redact_cargo(
        REDACTOR, texts, Policy({"email": {"request": "off"}}), Vault(), others={1: Policy()}
    )
    assert list(changes) == [1]
    assert [finding.direction for finding in findings] == ["tool_result"]


def test_what_a_plug_in_told_is_replaced_beside_what_the_rules_found() -> None:
    texts = parts("Joe Doe, joe@example.org")
    told = {0: [[Hit(0, 7, "secret", "plugin.names"), Hit(0, 7, "unknown", "plugin.names")]]}
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), Vault(), told=told)
    assert sorted(finding.rule for finding in findings) == ["email", "plugin.names"]
    assert "Joe" not in changes[0]


def test_what_a_plug_in_told_of_a_tools_json_is_replaced_value_by_value_and_it_stays_json() -> None:
    text = json.dumps({"name": 'Joe "J" Doe', "mail": "joe@example.org"})
    texts = [Text(("messages", 0, "content"), text, "tool")]
    told = {0: [[], [Hit(0, 11, "person", "plugin.names")], [], []]}
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), Vault(), told=told)
    tree = json.loads(changes[0])
    assert tree["name"].startswith("PERSON_")
    assert tree["mail"].startswith("EMAIL_")
    assert sorted(finding.kind for finding in findings) == ["email", "person"]


def test_only_parts_of_one_list_that_follow_one_another_have_a_seam() -> None:
    for second in (("messages", 0, "content", 2, "text"), ("messages", 1, "content", 1, "text"), ("a", "text")):
        texts = [
            Text(("messages", 0, "content", 0, "text"), "card 4111 1111", "assistant"),
            Text(second, " 1111 1111", "assistant"),
        ]
        assert redact_cargo(REDACTOR, texts, Policy(), Vault()) == ({}, [])


def test_a_value_over_a_seam_that_is_only_observed_is_told_and_left() -> None:
    observe = Policy({"card": {"request": "observe"}})
    changes, findings = redact_cargo(REDACTOR, parts("card 4111 1111", " 1111 1111"), observe, Vault())
    assert (changes, [finding.kind for finding in findings]) == ({}, ["card"])


def messages(*said: tuple[str, str]) -> list[Text]:
    return [Text(("messages", at, "content"), value, role) for at, (role, value) in enumerate(said)]


@pytest.mark.parametrize(
    ("first", "second", "kind", "value"),
    [
        ("my card is 4111 1111", "1111 1111, thanks", "card", "4111 11111111 1111"),
        ("my card is 4111 1111 ", "1111 1111, thanks", "card", "4111 1111 1111 1111"),
        ("it is DE89 3704 0044 05", "32 0130 00 as I said", "iban", "DE89 3704 0044 0532 0130 00"),
        ("write to joe@exam", "ple.org please", "email", "joe@example.org"),
        ("write to joe", "@example.org please", "email", "joe@example.org"),
    ],
)
def test_a_value_cut_by_a_user_s_messages_is_found_whatever_the_model_said_between(
    first: str, second: str, kind: str, value: str
) -> None:
    vault = Vault()
    texts = messages(("user", first), ("assistant", "and the rest?"), ("user", second))
    changes, findings = redact_cargo(REDACTOR, texts, Policy(), vault)
    assert [finding.kind for finding in findings] == [kind]
    assert restore(changes[0], vault).endswith(value)
    assert 1 not in changes
    assert not DETECTOR.scan(changes[0], ALL)
    assert first.rsplit(None, 1)[-1] not in changes[0]


@pytest.mark.parametrize(
    "said",
    [
        [("user", "I have 3"), ("user", "4 of them")],
        [("user", "call 212 555"), ("user", "0123 is my room")],
        [("user", "4111 1111"), ("assistant", "1111 1111")],
        [("user", ""), ("user", "1111 1111")],
        [("user", "mail me @"), ("user", "home")],
        [("user", "the end."), ("user", "And more")],
    ],
)
def test_messages_that_only_happen_to_follow_one_another_are_left_alone(said: list[tuple[str, str]]) -> None:
    assert redact_cargo(REDACTOR, messages(*said), Policy(), Vault()) == ({}, [])


def test_texts_of_one_message_or_of_other_members_are_no_turns() -> None:
    elsewhere = [Text(("messages", 0, "content"), "4111 1111", "user"), Text(("stop", 0, "x"), "1111 1111", "user")]
    assert redact_cargo(REDACTOR, elsewhere, Policy(), Vault())[1] == []
    short = [Text(("prompt",), "4111 1111", "user"), Text(("input", 1), "1111 1111", "user")]
    assert redact_cargo(REDACTOR, short, Policy(), Vault())[1] == []
    same = [Text(("messages", 0, "content"), "4111 1111", "user"), Text(("messages", 0, "name"), "1111 1111", "user")]
    assert redact_cargo(REDACTOR, same, Policy(), Vault())[1] == []
