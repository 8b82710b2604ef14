"""Records in words: complete, plain, and nothing unknown left out."""

import pytest

from audit.wording import dollars, instant, said, sentences, title
from tests.audit.runs import RECORDS


def test_each_field_of_an_outcome_is_told() -> None:
    assert sentences(RECORDS[2]) == [
        "One value of the kind “email” in what was sent to the model was replaced by a placeholder before it went on.",
        "2 values of the kind “iban” in what was sent to the model were replaced by a placeholder before it went on.",
        "Data that was used — source: crm, items: 1, 2, of: class customer.",
        "The tool “find_customer” was allowed.",
        "The tool “wire” was held back because another call of the same answer was refused.",
        "The check “budget” shortened the longest answer that was allowed (output tokens 2,100, wanted 4,096).",
        "The answer was delivered. The caller left before its end.",
        "The answer is not the asked model's own: fallback:small.",
        "It cost $0.001234567 (840 tokens read, 120 written).",
    ]


def test_a_refusal_says_why_by_which_rule_and_with_which_figures() -> None:
    assert sentences(RECORDS[3]) == [
        "One value of the kind “odd”  was .",
        "The tool “wire” was refused, because the assistant asked for a tool that it had not been offered.",
        "The tool “?” odd, because of the rule “house”.",
        "The check “firewall” refused it — the assistant asked for a tool that it had not been offered.",
        "The check “a check” decided.",
        (
            "It was not carried out: a tool call of the model was not allowed or not well formed (tool_call_invalid). "
            "The limit was 1. What was asked for or used was 2."
        ),
    ]
    assert sentences(RECORDS[4]) == ["It was not carried out: strange (strange)."]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "The run was opened"),
        (1, "About to ask the model gpt-4o-mini"),
        (2, "Asked the model gpt-4o-mini"),
        (3, "A request to the model gpt-4o-mini was refused"),
        (5, "The run was changed to killed"),
        (6, "A person decided"),
        (7, "The cap was changed to on True"),
        (9, "A record of kind repair"),
    ],
)
def test_a_title_says_what_a_record_is_about(number: int, told: str) -> None:
    assert title(RECORDS[number]) == told


def test_a_status_of_what_was_only_begun_says_nothing_of_an_answer() -> None:
    assert sentences({"kind": "outcome", "status": {"http": 200}}) == ["The answer was delivered."]
    assert sentences({"kind": "result", "status": {"http": 200}}) == []


def test_limits_reasons_and_people_are_told() -> None:
    assert sentences(RECORDS[0]) == ["It was done by k1.", "Its limits: at most $0.50; steps 10."]
    assert sentences(RECORDS[6]) == ["It was done by k7.", "Reason: checked by a person."]
    assert sentences(RECORDS[8]) == ["It was done by k7."]
    assert "The assistant called this step “plan”." in sentences(RECORDS[1])
    assert sentences({"kind": "intent", "payload": {"bytes": 1_200}})[0].startswith("Its text (1,200 bytes) is kept")


def test_a_tool_that_was_run_is_told_with_the_data_that_it_touches() -> None:
    tool = {"name": "crm_update", "id": "c1", "writes": 1, "sends": 1, "touches": ["customers", "notes"]}
    assert title({"kind": "outcome", "tool": tool}) == "Ran the tool crm_update"
    assert sentences({"kind": "intent", "tool": tool}) == [
        (
            "The tool “crm_update”, which changes something and sends something, was called. "
            "It works on: customers, notes."
        )
    ]
    approved = {"kind": "approval", "actor": "k7", "tool": tool, "change": {"old": "pending", "new": "approved"}}
    assert sentences(approved) == ["It was done by k7.", "Calling the tool “crm_update” was approved."]
    assert sentences({"kind": "refusal", "tool": {"name": "look"}}) == ["The tool “look” was called."]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"mode":"full","texts":[["system","Be kind."],["user","Hi"]]}', "system: Be kind.\n\nuser: Hi"),
        (b"plain \xff", "plain \ufffd"),
        (b"[]", "[]"),
    ],
)
def test_kept_contents_are_shown_by_who_spoke(content: bytes, told: str) -> None:
    assert said(content) == told


def test_figures_are_as_people_write_them() -> None:
    assert [dollars(nano) for nano in (0, 5 * 10**8, 1_234_567, -(10**9), 1_234 * 10**9)] == [
        "$0.00",
        "$0.50",
        "$0.001234567",
        "-$1.00",
        "$1,234.00",
    ]
    assert instant(1_700_000_000_000_000) == "14 November 2023, 22:13:20 UTC"
