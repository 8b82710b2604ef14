"""Tools at the provider: known by their kind, bounded in the request, counted in the reply."""

from typing import Any

import pytest

from gateway.dialects import hosted
from gateway.dialects.anthropic_messages import AnthropicMessages
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.errors import InvalidRequest, UnboundedCost
from gateway.request import Request

SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def messages(*tools: dict[str, Any], **members: Any) -> Request:
    tree = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": list(tools)}
    return AnthropicMessages().parse({**tree, **members})


def responses(*tools: dict[str, Any], **members: Any) -> Request:
    return OpenAIResponses().parse({"model": "m", "input": "hi", "tools": list(tools), **members})


def test_a_request_s_hosted_tools_are_known_by_kind_and_what_bounds_them() -> None:
    (search,) = messages({**SEARCH, "max_uses": 2}).tools
    assert (search.hosted, search.kind, search.uses_max) == (True, "web_search", 2)
    kinds = [
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "code_execution_20250825", "name": "code_execution"},
        {"type": "computer_20250124"},
    ]
    assert [tool.kind for tool in messages(*kinds).tools] == ["web_fetch", "code_execution", ""]
    asked: list[dict[str, Any]] = [
        {"type": "web_search_preview_2025_03_11"},
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
        {"type": "code_interpreter", "container": {"type": "auto"}},
        {"type": "image_generation"},
    ]
    view = responses(*asked, max_tool_calls=3)
    assert [(tool.kind, tool.refers) for tool in view.tools] == [
        ("web_search", ()),
        ("file_search", ("vs_1",)),
        ("code_execution", ()),
        ("", ()),
    ]
    assert view.uses_max == 3


def test_what_nobody_here_owns_or_that_is_no_bound_is_refused() -> None:
    for container in ("cntr_1", {"type": "auto", "file_ids": ["file_1"]}):
        with pytest.raises(UnboundedCost):
            responses({"type": "code_interpreter", "container": container})
    with pytest.raises(InvalidRequest, match="vector_store_ids"):
        responses({"type": "file_search", "vector_store_ids": "vs_1"})
    for bound in (0, "two", True):
        with pytest.raises(InvalidRequest, match="max_uses"):
            messages({**SEARCH, "max_uses": bound})


def test_bounds_are_written_into_the_request_as_each_dialect_has_them() -> None:
    custom = {"name": "mine", "input_schema": {}}
    view = messages({**SEARCH, "max_uses": 9}, custom, {"type": "code_execution_1", "name": "code_execution"})
    sent = hosted.limited(view, "anthropic_messages", {"web_search": 2, "code_execution": 1, "other": 1}).tree["tools"]
    assert sent == [{**SEARCH, "max_uses": 2}, custom, {"type": "code_execution_1", "name": "code_execution"}]
    assert view.tree["tools"][0]["max_uses"] == 9, "the clear request stays as it came"
    view = responses({"type": "web_search"}, {"type": "file_search"})
    assert hosted.limited(view, "openai_responses", {"web_search": 2, "file_search": 3}).tree["max_tool_calls"] == 5


def test_what_tools_left_in_an_earlier_answer_is_read_and_counted() -> None:
    sealed = "4111111111111111"
    found = {"type": "web_search_result", "title": "ann@example.com", "url": "u", "encrypted_content": sealed}
    content = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "ann"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [found]},
        {"type": "code_execution_tool_result", "tool_use_id": "s", "content": {"stdout": "bob@example.com"}},
    ]
    view = messages(messages=[{"role": "assistant", "content": content}])
    texts = [text.value for text in view.texts]
    assert {"ann@example.com", "bob@example.com", "ann"} <= set(texts)
    assert sealed not in texts, "what is encrypted goes on as it is"
    assert (view.hosted_items, view.files, view.opaque_bytes) == (3, 0, 16)
    with pytest.raises(InvalidRequest, match="an object"):
        messages(messages=[{"role": "user", "content": [{"type": "web_search_tool_result", "content": ["x"]}]}])
    item = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "ann@example.com"}}
    view = responses(input=[item])
    assert (view.hosted_items, view.files) == (1, 0)
    assert "ann@example.com" in [text.value for text in view.texts]


def test_a_response_s_items_say_how_often_each_tool_ran() -> None:
    output = [
        {"type": "web_search_call", "action": {"type": "search"}},
        {"type": "web_search_call"},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "file_search_call"},
        {"type": "message"},
    ]
    assert dict(hosted.uses_of_items(output)) == {"web_search": 2, "file_search": 1}


def test_a_message_s_usage_says_it_and_where_it_does_not_its_blocks_do() -> None:
    uses = [{"type": "server_tool_use", "id": "s", "name": name, "input": {}} for name in ("web_search", "web_search")]
    runs = [{"type": "server_tool_use", "id": "s", "name": "bash_code_execution", "input": {}}]
    strange = [{"type": "server_tool_use", "id": "s", "name": "other", "input": {}}, {"type": "mcp_tool_use"}]
    usage = {"input_tokens": 5, "output_tokens": 6, "server_tool_use": {"web_search_requests": 1}}
    tree = {"content": [*uses, *runs, *strange], "stop_reason": "end_turn", "usage": usage}
    reader = AnthropicMessages().reader(messages())
    told = reader.whole(tree).usage
    assert told is not None
    assert dict(told.uses) == {"web_search": 1, "code_execution": 1, "other": 1}
    del usage["server_tool_use"]
    seen = AnthropicMessages().reader(messages()).whole(tree).usage
    assert seen is not None
    assert dict(seen.uses) == {"web_search": 2, "code_execution": 1, "other": 1}
