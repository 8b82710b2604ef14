"""What the plain routes have in common: one reply, no stream, no answer of our own."""

import pytest

from gateway.dialects.openai_completions import OpenAICompletions
from gateway.dialects.openai_embeddings import OpenAIEmbeddings
from gateway.errors import BudgetExceeded, InternalError, UpstreamError


def test_replies_that_are_none_are_upstream_errors() -> None:
    embeddings = OpenAIEmbeddings()
    request = embeddings.parse({"model": "m", "input": "x"})
    for body in (b"{}", b"[]", b'{"data": 7}', b"nonsense"):
        with pytest.raises(UpstreamError):
            embeddings.reader(request).plain(body)
    completions = OpenAICompletions()
    asked = completions.parse({"model": "m", "prompt": "x"})
    for body in (b"{}", b'{"choices": [{"index": "0", "text": "a"}]}', b'{"choices": [{"index": 0}]}'):
        with pytest.raises(UpstreamError):
            completions.reader(asked).plain(body)


def test_nothing_of_a_plain_route_is_held_repeated_or_answered_by_us() -> None:
    embeddings = OpenAIEmbeddings()
    request = embeddings.parse({"model": "m", "input": "x"})
    reader = embeddings.reader(request)
    event = reader.plain(b'{"data": [], "usage": {"prompt_tokens": 1}}')
    assert reader.finished
    assert embeddings.split_calls(event) == (event, {})
    assert embeddings.refuse_calls(event, 0, "no") == [event]
    embeddings.renew(event, "1")
    assert embeddings.write(event) == embeddings.write_plain(event)
    assert embeddings.headers({"anthropic-beta": "x"}, ("x",)) == []
    with pytest.raises(UpstreamError):
        reader.feed([b"{}"])
    for never in (
        lambda: embeddings.piece(event, kind="text", choice=0, lane="0", text="x"),
        lambda: embeddings.answer(request, "x", reply_id="1", created_s=1),
        lambda: embeddings.ask_again(request, "x", "y"),
    ):
        with pytest.raises(InternalError):
            never()
    ending = BudgetExceeded("used up")
    assert embeddings.error_event(ending, "call_1") == embeddings.error(ending, "call_1")
