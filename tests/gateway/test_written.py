"""A reply that is written down reads as the same reply, under the new call's id."""

import pytest

from gateway.call import Event
from gateway.written import Writing, read_again
from tests.gateway.stages.exchange import CHAT, call_for


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_written_is_read_again_under_the_new_calls_id(stream: bool) -> None:
    call = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": stream})
    assert call.clear is not None
    events = CHAT.answer(call.clear, "a\n\ndata: b", reply_id="old", created_s=1)
    writing = Writing(10_000)
    for event in events:
        writing.take(call, event)
    whole = writing.whole
    assert whole is not None
    again = read_again(call, whole)
    assert len(again) == sum(not event.silent for event in events)
    text = "".join(part.text for event in again for part in event.parts)
    assert text == "a\n\ndata: b"
    assert {event.tree["id"] for event in again if event.tree} == {"chatcmpl-1"}


def test_what_is_too_large_is_given_up_and_what_is_silent_left_out() -> None:
    call = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True})
    writing = Writing(60)
    seen = []
    for tree, silent in (({"a": 1}, True), ({"a": 1}, False), ({"a": "x" * 60}, False), ({"a": 1}, False)):
        writing.take(call, Event(tree, [], silent=silent))
        seen.append(writing.whole)
    assert seen == [None, b'data: {"a":1}\n\n', None, None]
