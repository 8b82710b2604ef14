"""A Responses request as it is read: what lies at the provider, tools that run there, reasoning that nobody reads."""

from typing import Any

import pytest

from gateway.call import Event
from gateway.dialects.openai_responses import OpenAIResponses
from gateway.dialects.responses_reply import ResponsesReader
from gateway.dialects.strict import encode
from gateway.errors import InvalidRequest, UnboundedCost
from tests.gateway.dialects.conformance import Life, Tree
from tests.gateway.dialects.speech_responses import SPEECH, asked

pytestmark = pytest.mark.anyio


TOOL: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def read(trees: list[Tree]) -> list[Event]:
    return ResponsesReader().feed([encode(tree) for tree in trees])


STATE = [
    {"background": True},
    {"prompt": {"id": "pmpt_1"}},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
    {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
    {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]},
]


@pytest.mark.parametrize("members", STATE, ids=lambda members: next(iter(members)))
def test_what_lies_at_the_provider_is_refused(members: Tree) -> None:
    with pytest.raises(UnboundedCost):
        OpenAIResponses().parse({**asked("x", (), stream=False), **members})


def test_a_request_goes_on_from_a_response_or_a_conversation_and_adds_to_that() -> None:
    def follows(**members: Any) -> tuple[tuple[str, ...], str | None]:
        request = OpenAIResponses().parse({**asked("x", (), stream=False), **members})
        return request.follows, request.grows

    assert follows(previous_response_id="resp_1") == (("resp_1",), None)
    assert follows(conversation="conv_1") == follows(conversation={"id": "conv_1"}) == (("conv_1",), "conv_1")
    assert follows(conversation=None, previous_response_id=None) == ((), None)
    for wrong in ({"conversation": 5}, {"conversation": {"id": 5}}, {"previous_response_id": 5}):
        with pytest.raises(InvalidRequest):
            follows(**wrong)


def test_tools_that_run_at_the_provider_are_known_as_such() -> None:
    request = OpenAIResponses().parse({**asked("x", (), stream=False), "tools": [{"type": "web_search"}, TOOL]})
    assert [tool.hosted for tool in request.tools] == [True, False]


async def test_encrypted_reasoning_passes_as_it_is_and_is_noted_as_unread() -> None:
    tree = asked("x", (), stream=False)
    secret = "bob@example.com 4111 1111 1111 1111"
    tree["input"] = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": secret},
        {"role": "user", "content": "go on"},
    ]
    life = Life(SPEECH, tree)
    assert (await life.admit())["input"][0]["encrypted_content"] == secret
    noted = {"stage": "guard", "decision": "unscanned", "place": "request", "bytes": len(secret)}
    assert noted in life.call.decisions
    request = OpenAIResponses().parse(tree)
    assert request.opaque_bytes == len(secret)
