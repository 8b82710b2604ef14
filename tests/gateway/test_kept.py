"""What is kept of a request: nothing unless the profile asks, once a call, redacted or all, and whose it is."""

from typing import Any

import orjson
import pytest

from audit.payload import PAYLOAD_BYTES_MAX
from gateway.call import Attempt, Call
from gateway.kept import kept_of
from tests.gateway.stages.exchange import CHAT, NoCaller, call_for

SAID, REDACTED = "write to maria@example.com", "write to EMAIL_1"


class Declaring(NoCaller):
    """A caller whose headers name a subject."""

    def __init__(self, subject: str) -> None:
        self.headers = {"x-tollhouse-subject": subject}


def tree(text: str, **members: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **members}


def attempt_of(call: Call, number: int = 1) -> Attempt:
    return Attempt(call, None, number, CHAT.parse(tree(REDACTED)), f"a{number}")


def calling(payloads: str, text: str = SAID, subject: str | None = None, **members: Any) -> Call:
    call = call_for(tree(text, **members), guards={"payloads": payloads})
    if subject is not None:
        call.caller = Declaring(subject)
    return call


def test_nothing_is_kept_of_a_profile_that_does_not_ask_for_it() -> None:
    assert kept_of(attempt_of(calling("off"))) is None


@pytest.mark.parametrize(("mode", "text"), [("full", SAID), ("redacted", REDACTED)])
def test_full_keeps_what_the_client_said_and_redacted_what_left(mode: str, text: str) -> None:
    kept = kept_of(attempt_of(calling(mode)))
    assert kept is not None
    assert orjson.loads(kept.content) == {"mode": mode, "texts": [["user", text]]}


def test_a_call_is_kept_once_with_its_first_attempt() -> None:
    call = calling("full")
    assert kept_of(attempt_of(call, 1)) is not None
    assert kept_of(attempt_of(call, 2)) is None


def test_a_call_that_was_never_read_has_nothing_to_keep() -> None:
    call = calling("full")
    call.clear = None
    assert kept_of(attempt_of(call)) is None


def test_it_belongs_to_the_subject_of_the_header_before_that_of_the_body_and_else_to_the_tenant() -> None:
    for call, subject in (
        (calling("full", subject="maria", safety_identifier="joan"), "maria"),
        (calling("full", safety_identifier="joan"), "joan"),
        (calling("full", subject="", safety_identifier="joan"), "joan"),
        (calling("full"), None),
        (calling("full", safety_identifier=7), None),
        (calling("full", safety_identifier=""), None),
    ):
        kept = kept_of(attempt_of(call))
        assert kept is not None
        assert kept.subject == subject


def test_a_long_subject_is_cut_so_that_a_caller_cannot_grow_the_book() -> None:
    kept = kept_of(attempt_of(calling("full", subject="x" * 10_000)))
    assert kept is not None
    assert kept.subject == "x" * 256


def test_one_that_is_too_large_is_not_kept_and_the_record_says_so_with_both_numbers() -> None:
    call = calling("full", "x" * PAYLOAD_BYTES_MAX)
    assert kept_of(attempt_of(call)) is None
    (decision,) = call.decisions
    assert decision["decision"] == "payload_not_kept"
    assert decision["bytes"] > decision["limit"] == PAYLOAD_BYTES_MAX
