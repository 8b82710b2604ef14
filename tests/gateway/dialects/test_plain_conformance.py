"""Every dialect that answers plainly keeps what a dialect must keep, and no dialect is without a suite."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.openai_objects import ObjectDialect
from gateway.dialects.seam import Dialect
from gateway.dialects.strict import decode_reply, encode
from gateway.errors import BudgetExceeded, Ending, InvalidRequest, UnboundedCost, UpstreamError
from gateway.served import model_routes
from tests.gateway.dialects import speech_messages
from tests.gateway.dialects.conformance import Tree, at
from tests.gateway.dialects.test_conformance import JUNK, SPEECHES, copied, nodes, often, with_node

ROUTES = {dialect.name: dialect for dialect in model_routes().values()}


@dataclass(frozen=True)
class PlainSpeech:
    """One dialect: a body as published, the members that an upstream gets otherwise, and a reply."""

    dialect: Dialect
    request: Tree
    changed: Tree
    reply: Tree


def _counted() -> Tree:
    tree = {name: value for name, value in speech_messages.REQUEST.items() if name not in ("max_tokens", "stream")}
    return {name: value for name, value in tree.items() if name in ("model", "messages", "system", "tools")}


EMBEDDED = {"object": "embedding", "index": 0, "embedding": [0.0023064255, -0.009327292]}
JUDGED: Tree = {"flagged": True, "categories": {"violence": True}, "category_scores": {"violence": 0.9}}
ITEM: Tree = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "I am here"}]}
UPSTREAMS = {"model": "upstream-m"}
SPEECHES_PLAIN = {
    speech.dialect.name: speech
    for speech in (
        PlainSpeech(
            ROUTES["openai_embeddings"],
            {
                "model": "m",
                "input": ["The food was", "delicious"],
                "encoding_format": "float",
                "user": "u",
                "x": {"a": "b"},
            },
            UPSTREAMS,
            {"object": "list", "data": [EMBEDDED], "model": "m", "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        ),
        PlainSpeech(
            ROUTES["openai_moderations"],
            {"model": "m", "input": [{"type": "text", "text": "I want to leave"}, {"type": "text", "text": "now"}]},
            UPSTREAMS,
            {"id": "modr-0d9740456c391e43c445bf0f010940c7", "model": "m", "results": [JUDGED]},
        ),
        PlainSpeech(ROUTES["anthropic_count"], _counted(), UPSTREAMS, {"input_tokens": 2_095}),
        PlainSpeech(
            ObjectDialect("POST", "/conversations", (), ""),
            {"items": [ITEM], "metadata": {"topic": "demo"}},
            {},
            {"id": "conv_123", "object": "conversation", "created_at": 1_741_900_000, "metadata": {"topic": "demo"}},
        ),
    )
}
every = pytest.mark.parametrize("speech", SPEECHES_PLAIN.values(), ids=list(SPEECHES_PLAIN))
some = st.sampled_from(list(SPEECHES_PLAIN.values()))


def test_every_dialect_of_a_vendor_has_its_speech() -> None:
    assert ROUTES.keys() <= SPEECHES.keys() | SPEECHES_PLAIN.keys()
    assert not SPEECHES.keys() & SPEECHES_PLAIN.keys()


@every
def test_every_text_of_a_plain_request_is_seen_where_it_stands(speech: PlainSpeech) -> None:
    request = speech.dialect.parse(copied(speech.request))
    assert request.texts
    assert not request.stream
    for text in request.texts:
        assert at(speech.request, text.path) == text.value


@often
@given(some, st.data())
def test_of_a_plain_request_only_the_named_members_change(speech: PlainSpeech, data: st.DataObject) -> None:
    tree = copied(speech.request)
    tree["x_unknown"] = data.draw(JUNK)
    before = copied(tree)
    request = speech.dialect.parse(tree)
    index = data.draw(st.integers(0, len(request.texts) - 1))
    changed = request.replace({index: "changed"})
    sent = speech.dialect.members(changed, model="upstream-m", limit_field="max_tokens", output_tokens=0)
    expected = copied(before)
    at(expected, request.texts[index].path[:-1])[request.texts[index].path[-1]] = "changed"
    assert decode_reply(encode(sent.tree)) == expected | speech.changed
    assert tree == before


@often
@given(some, st.integers(0, 10_000), JUNK)
def test_a_plain_body_that_is_not_as_it_should_be_never_breaks_us(speech: PlainSpeech, pick: int, junk: Any) -> None:
    try:
        request = speech.dialect.parse(with_node(speech.request, pick, junk))
    except (InvalidRequest, UnboundedCost):
        return
    assert all(type(text.value) is str for text in request.texts)


@often
@given(some, st.integers(0, 10_000), JUNK)
def test_a_plain_reply_that_is_nonsense_is_an_upstream_error(speech: PlainSpeech, pick: int, junk: Any) -> None:
    reader = speech.dialect.reader(speech.dialect.parse(copied(speech.request)))
    try:
        event = reader.plain(encode(with_node(speech.reply, pick, junk)))
    except UpstreamError:
        return
    assert all(type(part.text) is str for part in event.parts)
    assert reader.finished


@every
def test_a_plain_reply_goes_on_as_it_came_and_no_stream_does(speech: PlainSpeech) -> None:
    reader = speech.dialect.reader(speech.dialect.parse(copied(speech.request)))
    event = reader.plain(encode(speech.reply))
    assert (event.whole, event.terminal, event.ends) == (True, True, (0,))
    assert decode_reply(speech.dialect.write_plain(event)) == speech.reply
    assert len(nodes(speech.reply)) > 1
    with pytest.raises(UpstreamError):
        reader.feed([encode(speech.reply)])


@every
def test_a_plain_error_has_the_vendors_form_with_our_code_and_figures(speech: PlainSpeech) -> None:
    ending: Ending = BudgetExceeded("the cap is used up", param="key.usd", limit="1.00", actual="1.01")
    tree = json.loads(speech.dialect.error(ending, "call_7"))
    assert (tree["error"]["message"], tree["error"]["code"]) == ("the cap is used up", "budget_exceeded")
    assert (tree["error"]["limit"], tree["error"]["actual"]) == ("1.00", "1.01")
    assert "call_7" in json.dumps(tree)
