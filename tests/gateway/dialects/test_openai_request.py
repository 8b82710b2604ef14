"""The view of a request holds every text wherever it stands, and what nobody knows is neither unseen nor free."""

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.openai_request import parse
from gateway.dialects.strict import encode
from gateway.errors import InvalidRequest
from gateway.weighing import parts_of

MARK = "MARK"
SCHEMA = {"type": "object", "properties": {"to": {"type": "string", "description": MARK}}}
BODY: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": MARK},
        {"role": "developer", "content": [{"type": "text", "text": MARK, "cache_control": {"type": "ephemeral"}}]},
        {"role": "user", "name": MARK, "content": [{"type": "image_url", "image_url": {"url": f"https://a/{MARK}"}}]},
        {
            "role": "assistant",
            "content": None,
            "refusal": MARK,
            "reasoning_content": MARK,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": json.dumps({"to": MARK})}},
                {"id": "c2", "type": "custom", "custom": {"name": "run", "input": MARK}},
            ],
        },
        {"role": "assistant", "content": "", "function_call": {"name": "old", "arguments": json.dumps({"to": MARK})}},
        {
            "role": "tool",
            "tool_call_id": "c1",
            "content": [{"type": "text", "text": MARK}, {"type": "text", "text": "b"}],
        },
        {"role": "function", "name": "old", "content": MARK},
        {"role": "user", "content": "b", "annotations": [{"note": MARK}]},
    ],
    "tools": [{"type": "function", "function": {"name": "mail", "description": MARK, "parameters": SCHEMA}}],
    "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
    "metadata": {"ticket": MARK},
    "user": MARK,
    "stop": [MARK],
    "documents": [{"text": MARK}],
    "n": 2,
    "max_tokens": 9,
}


def test_every_text_is_found_wherever_it_stands_and_can_be_replaced_there() -> None:
    before = copy.deepcopy(BODY)
    request = parse(BODY)
    marked = {at: text.value.replace(MARK, "gone") for at, text in enumerate(request.texts) if MARK in text.value}
    replaced = request.replace(marked)
    assert MARK not in encode(replaced.tree).decode()
    assert encode(replaced.tree).decode() == encode(BODY).decode().replace(MARK, "gone")
    assert before == BODY, "the clear request stays as it is"


def test_the_view_says_what_the_request_holds() -> None:
    request = parse(BODY)
    assert (request.choices, request.output_limit, request.messages, request.images) == (2, 9, 8, 1)
    assert [(call.id, call.name) for call in request.calls] == [("c1", "mail"), ("c2", "run"), ("", "old")]
    assert [result.call_id for result in request.results] == ["c1", ""]
    assert [request.texts[at].value for at in request.results[0].texts] == [MARK, "b"]
    assert {request.texts[at].role for at in request.results[0].texts} == {"tool"}
    assert [(tool.name, tool.schema) for tool in request.tools] == [("mail", SCHEMA)]
    assert request.strict_format
    assert not request.forced_tool


def test_the_bound_grows_with_everything_a_template_could_put_into_the_prompt() -> None:
    def weight(**members: Any) -> int:
        request = parse({"model": "m", "messages": [{"role": "user", "content": "x"}], **members})
        return parts_of(request).text_bytes + request.frame_bytes + request.opaque_bytes

    for members in (
        {"documents": [{"a" * 500: 1}]},
        {"chat_template": "a" * 500},
        {"chat_template_kwargs": {"numbers": list(range(200))}},
        {"messages": [{"role": "user", "content": "x", "extra": {"a" * 500: True}}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a" * 500, "arguments": ""}}]}]},
    ):
        assert weight(**members) >= 500, members


@pytest.mark.parametrize(
    "member", ["web_search_options", "audio", "conversation", "prediction", "models", "plugins", "fallbacks"]
)
def test_what_costs_more_than_the_body_says_is_named(member: str) -> None:
    for value, named in (({"a": 1}, (member,)), ({}, (member,)), (None, ()), ([], ()), (False, ())):
        assert parse({"model": "m", "messages": [{"role": "user"}], member: value}).unboundable == named


def test_hosted_tools_and_custom_tools_are_told_apart() -> None:
    tools = [{"type": "web_search"}, {"type": "custom", "custom": {"name": "run"}}]
    view = parse({"model": "m", "messages": [{"role": "user"}], "tools": tools}).tools
    assert [(tool.name, tool.hosted, tool.free) for tool in view] == [("web_search", True, False), ("run", False, True)]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "name", "a"]), inner),
    max_leaves=8,
)
PLACES = st.sampled_from(sorted(BODY)) | st.just("messages/role")


@given(PLACES, JUNK, st.integers(0, 7))
def test_junk_in_any_place_is_read_or_refused_with_400_and_never_a_defect(where: str, junk: Any, at: int) -> None:
    body = copy.deepcopy(BODY)
    if where == "messages":
        name = list(body["messages"][at])[-1]
        body["messages"][at][name] = junk
    elif where == "messages/role":
        body["messages"][at] = junk
    else:
        body[where] = junk
    with contextlib.suppress(InvalidRequest):
        request = parse(body)
        assert request.tree is body
        assert request.replace(dict.fromkeys(range(len(request.texts)), "y"))
