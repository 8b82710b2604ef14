"""A Messages request as it is read: budgets, tools, results, what lies at the provider, what makes it dearer."""

import pytest

from gateway.dialects.anthropic_messages import AnthropicMessages
from gateway.errors import UnboundedCost
from tests.gateway.dialects.conformance import SCHEMA, Tree
from tests.gateway.dialects.speech_messages import REQUEST, asked

MESSAGES = AnthropicMessages()


STATE: list[Tree] = [
    {"container": "c_1"},
    {"mcp_servers": [{"type": "url", "url": "https://x.example", "name": "x"}]},
    {"diagnostics": {"previous_message_id": "msg_1"}},
    {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]},
]


def test_a_published_request_is_read_with_its_budget_tools_and_failed_results() -> None:
    request = MESSAGES.parse(REQUEST)
    assert (request.output_limit, request.thinking_budget, request.choices) == (16_000, 10_000, 1)
    assert [(tool.name, tool.hosted, tool.schema) for tool in request.tools] == [
        ("weather", False, SCHEMA),
        ("bash", False, None),
    ]
    assert [(result.call_id, result.failed) for result in request.results] == [("toolu_1", False), ("toolu_2", True)]
    assert request.opaque_bytes == len("Let me see.EqQBCgIYAhIM1gbcDa9GJwZA2b3hEmwKAhgBEgy3va3pzix/LafPsn4a")
    assert "Let me see." not in {text.value for text in request.texts}


@pytest.mark.parametrize("members", STATE, ids=lambda members: next(iter(members)))
def test_what_lies_at_the_provider_is_refused(members: Tree) -> None:
    with pytest.raises(UnboundedCost):
        MESSAGES.parse({**asked("x", (), stream=False), **members})


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"speed": "fast"}, "speed"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "context_management"),
    ],
)
def test_what_makes_a_call_dearer_than_its_price_is_unbounded(members: Tree, named: str) -> None:
    assert MESSAGES.parse({**asked("x", (), stream=False), **members}).unboundable == (named,)


def test_documents_that_are_no_text_count_as_files_and_hosted_tools_are_known() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}
    content = [{"type": "text", "text": "read"}, pdf, {"type": "surprise", "note": "seen"}]
    tree = {**asked("x", (), stream=False), "messages": [{"role": "user", "content": content}]}
    tree["tools"] = [{"type": "web_search_20250305", "name": "web_search"}, {"type": "code_execution_20250825"}]
    request = MESSAGES.parse(tree)
    assert request.files == 2
    assert "seen" in {text.value for text in request.texts}
    assert [(tool.name, tool.hosted) for tool in request.tools] == [
        ("web_search", True),
        ("code_execution_20250825", True),
    ]
