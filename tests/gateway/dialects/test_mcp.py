"""MCP's messages as requests and events."""

import json
from typing import Any

import pytest

from gateway.dialects.mcp import McpDialect
from gateway.errors import BudgetExceeded, InvalidRequest, UnsupportedRoute

NOTES = McpDialect("notes")


def message(method: str, params: Any = None, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, **({} if params is None else {"params": params}), **more}


@pytest.mark.parametrize(
    "tree",
    [
        [],
        {"method": "ping"},
        {"jsonrpc": "2.0", "id": [], "result": {}},
        message("ping", []),
        message("ping", id=1.5),
        message("tools/call", {"name": 5}),
        message("tools/call", {"name": "find", "arguments": []}),
        {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "find"}},
    ],
)
def test_what_is_no_message_is_refused(tree: Any) -> None:
    with pytest.raises(InvalidRequest):
        NOTES.parse(tree)


@pytest.mark.parametrize(
    "method", ["sampling/createMessage", "resources/subscribe", "subscriptions/listen", "tasks/get"]
)
def test_what_is_not_listed_is_not_relayed(method: str) -> None:
    with pytest.raises(UnsupportedRoute):
        NOTES.parse(message(method))


def test_three_methods_are_tool_calls_and_the_others_are_not() -> None:
    call = NOTES.parse(
        message("tools/call", {"name": "find", "arguments": {"q": 1}, "_meta": {"io.tollhouse/tool-call-id": "c"}})
    )
    assert call.executes is not None
    assert (call.executes.id, call.executes.name, call.executes.arguments) == ("c", "notes.find", '{"q":1}')
    read = NOTES.parse(message("resources/read", {"uri": "note://1"})).executes
    assert read is not None
    assert (read.name, read.arguments) == ("notes.resources/read", '{"uri":"note://1"}')
    prompt = NOTES.parse(message("prompts/get", {"name": "sum", "arguments": {"a": "b"}})).executes
    assert prompt is not None
    assert json.loads(prompt.arguments) == {"name": "sum", "a": "b"}
    assert NOTES.parse(message("tools/list")).executes is None


def test_a_refusal_carries_the_message_s_id_and_is_a_result_for_tool_calls() -> None:
    ending = BudgetExceeded("too dear")
    call = NOTES.of(NOTES.parse(message("tools/call", {"name": "find"})))
    said = json.loads(call.error(ending, "call_1"))
    assert (said["id"], said["result"]["isError"], said["result"]["content"][0]["text"]) == (7, True, "too dear")
    listing = NOTES.of(NOTES.parse(message("tools/list")))
    assert json.loads(listing.error(ending, "call_1"))["error"]["data"]["code"] == "budget_exceeded"
    assert json.loads(NOTES.error(UnsupportedRoute("no"), "c"))["error"]["code"] == -32601
    note = NOTES.of(NOTES.parse({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    assert (note.status, note.error(ending, "call_1")) == (202, b"")


def test_every_text_of_an_answer_is_a_part_that_can_be_changed() -> None:
    tree = {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "content": [
                {"type": "text", "text": "a"},
                {"type": "resource", "resource": {"text": "b"}},
                {"type": "image"},
            ],
            "structuredContent": {"c": "d"},
            "messages": [{"role": "user", "content": {"type": "text", "text": "e"}}],
            "contents": [{"uri": "x", "text": "f"}],
        },
    }
    event = NOTES.reader(NOTES.parse(message("ping"))).plain(json.dumps(tree).encode())
    assert [part.text for part in event.parts] == ["a", "b", "f", "e", '{"c":"d"}']
    event.parts[0].text = "masked"
    assert b'"masked"' in NOTES.write_plain(event)
    assert NOTES.reader(NOTES.parse(message("ping"))).plain(b"").tree == {}
