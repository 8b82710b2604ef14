"""A reply in Messages as it is read: its usage with the cache beside it, its tier, errors and nonsense."""

from typing import Any

import pytest

from gateway.dialects.anthropic_reply import MessagesReader, tier_of, usage_of
from gateway.dialects.strict import encode
from gateway.errors import UpstreamError
from limits.prices import Usage
from tests.gateway.dialects.conformance import Spoken
from tests.gateway.dialects.speech_messages import USAGE, stream


def test_cache_reads_and_writes_stand_beside_the_input_and_are_added_to_it() -> None:
    assert usage_of(USAGE) == Usage(7 + 5 + 11, 13, cached_tokens=11, cache_write_tokens=2, cache_write_1h_tokens=3)
    assert usage_of({"input_tokens": 7, "output_tokens": 1, "cache_creation_input_tokens": 5}) == Usage(
        12, 1, cache_write_tokens=5
    )
    thought = {"input_tokens": 7, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
    assert usage_of(thought) == Usage(7, 9, reasoning_tokens=4)
    for wrong in (
        None,
        {},
        {"input_tokens": 1},
        {"input_tokens": -1, "output_tokens": 1},
        {**USAGE, "output_tokens": "1"},
    ):
        assert usage_of(wrong) is None
    assert (tier_of(USAGE), tier_of({"service_tier": "priority"}), tier_of({"speed": "fast"})) == (
        None,
        "priority",
        "fast",
    )


def test_the_end_reports_what_the_beginning_said_of_the_input() -> None:
    events = MessagesReader().feed([encode(tree) for tree in stream(Spoken(("a",)))])
    (report,) = [event.usage for event in events if event.usage is not None]
    assert report == usage_of(USAGE)


@pytest.mark.parametrize(
    "tree",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"type": "content_block_delta", "index": -1, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "message_start", "message": {"content": [{"type": "text", "text": "early"}]}},
        {"type": "a\nb"},
        [],
    ],
)
def test_a_stream_that_reports_an_error_or_nonsense_is_an_upstream_error(tree: Any) -> None:
    with pytest.raises(UpstreamError):
        MessagesReader().event(tree)
