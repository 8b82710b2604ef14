"""Anthropic's Messages as a client and as the provider have it, written from the published API reference."""

import json
from typing import Any

from gateway.dialects.anthropic_messages import AnthropicMessages
from tests.gateway.dialects.conformance import SCHEMA, Calls, Heard, Speech, Spoken, Tree

EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}
USAGE = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 11,
    "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
    "output_tokens": 13,
    "service_tier": "standard",
}
REQUEST: Tree = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 16_000,
    "thinking": {"type": "enabled", "budget_tokens": 10_000},
    "system": [{"type": "text", "text": "You help.", "cache_control": EPHEMERAL}],
    "tools": [
        {"name": "weather", "description": "Tells.", "input_schema": SCHEMA, "cache_control": EPHEMERAL},
        {"type": "bash_20250124", "name": "bash"},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "metadata": {"user_id": "u-1"},
    "stop_sequences": ["END"],
    "temperature": 1.0,
    "service_tier": "standard_only",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "D"}},
                {"type": "text", "text": "What is here?", "cache_control": EPHEMERAL},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Let me see.", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"},
                {"type": "redacted_thinking", "data": "EmwKAhgBEgy3va3pzix/LafPsn4a"},
                {"type": "text", "text": "I look.", "citations": None},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"note": "Rome", "n": [1.5, True]}},
                {"type": "tool_use", "id": "toolu_2", "name": "weather", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "15 degrees"},
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "is_error": True,
                    "content": [{"type": "text", "text": "no"}],
                },
            ],
        },
        {"role": "assistant", "content": "Well"},
    ],
}


def asked(text: str, tools: Any, stream: bool) -> Tree:
    tree: Tree = {"model": "m", "max_tokens": 900, "messages": [{"role": "user", "content": text}]}
    if tools:
        tree["tools"] = [{"name": name, "input_schema": SCHEMA} for name in tools]
    return {**tree, "stream": True} if stream else tree


def _blocks(spoken: Spoken) -> list[Tree]:
    blocks: list[Tree] = []
    if spoken.thinking:
        blocks.append({"type": "thinking", "thinking": spoken.thinking, "signature": "c2ln"})
    if spoken.text or not spoken.calls:
        blocks.append({"type": "text", "text": "".join(spoken.text)})
    blocks += [
        {"type": "tool_use", "id": call_id, "name": name, "input": json.loads("".join(pieces) or "{}")}
        for call_id, name, pieces in spoken.calls
    ]
    return blocks


def plain(spoken: Spoken) -> Tree:
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": _blocks(spoken),
        "stop_reason": "tool_use" if spoken.calls else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def _deltas(block: Tree, spoken: Spoken, call: int) -> list[Tree]:
    if block["type"] == "thinking":
        return [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in spoken.text]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *spoken.calls[call][2])]


def stream(spoken: Spoken) -> list[Tree]:
    message = plain(spoken)
    begun = {**message, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    trees: list[Tree] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    call = 0
    for index, block in enumerate(message["content"]):
        empty = {"thinking": "", "signature": "", "text": "", "input": {}}
        opening = {name: empty.get(name, value) for name, value in block.items()}
        trees.append({"type": "content_block_start", "index": index, "content_block": opening})
        trees += [
            {"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(block, spoken, call)
        ]
        trees.append({"type": "content_block_stop", "index": index})
        call += block["type"] == "tool_use"
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": USAGE["output_tokens"]}}
    return [*trees, end, {"type": "message_stop"}]


def heard(tree: Tree) -> Heard:
    assert (tree["type"], tree["role"]) == ("message", "assistant")
    usage = tree["usage"]
    told = Heard(finish=tree["stop_reason"], usage=(usage["input_tokens"], usage["output_tokens"]))
    for block in tree["content"]:
        if block["type"] == "text":
            told.text += block["text"]
        elif block["type"] == "thinking":
            assert block["signature"]
            told.thinking += block["thinking"]
        elif block["type"] == "tool_use":
            assert type(block["input"]) is dict
            told.calls.append((block["id"], block["name"], block["input"]))
    return told


def followed(trees: list[Tree]) -> Heard:
    """Follow a stream as strictly as any client: blocks one after the other, without gaps, each closed."""
    events = [tree for tree in trees if tree["type"] != "ping"]
    assert events[0]["type"] == "message_start"
    assert [event["type"] for event in events[-2:]] == ["message_delta", "message_stop"]
    message = {**events[0]["message"], "content": []}
    blocks, is_open = message["content"], False
    pieces: list[str] = []
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert not is_open
            assert event["index"] == len(blocks)
            blocks.append(dict(event["content_block"]))
            is_open, pieces = True, []
            continue
        assert is_open
        assert event["index"] == len(blocks) - 1
        block = blocks[-1]
        if event["type"] == "content_block_delta":
            _apply(block, event["delta"], pieces)
        else:
            assert event["type"] == "content_block_stop"
            is_open = False
            if block["type"] == "tool_use":
                block["input"] = json.loads("".join(pieces) or "{}")
    assert not is_open
    message.update(events[-2]["delta"])
    message["usage"] = {**message["usage"], **events[-2]["usage"]}
    return heard(message)


def _apply(block: Tree, delta: Tree, pieces: list[str]) -> None:
    kinds = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}
    if delta["type"] == "input_json_delta":
        assert block["type"] == "tool_use"
        pieces.append(delta["partial_json"])
    else:
        member = kinds[delta["type"]]
        block[member] += delta[member]


def goes_on(tree: Tree, calls: Calls, result: str) -> Tree:
    said = [{"type": "tool_use", "id": call_id, "name": name, "input": given} for call_id, name, given in calls]
    results = [{"type": "tool_result", "tool_use_id": call_id, "content": result} for call_id, _, _ in calls]
    more = [{"role": "assistant", "content": said}, {"role": "user", "content": results}]
    return {**tree, "messages": [*tree["messages"], *more]}


SPEECH = Speech(
    dialect=AnthropicMessages(),
    asked=asked,
    plain=plain,
    stream=stream,
    heard=heard,
    followed=followed,
    goes_on=goes_on,
    requests=(REQUEST, asked("x", ["a"], stream=True)),
    limit_member="max_tokens",
    finish_plain="end_turn",
    finish_calls="tool_use",
    error_message=lambda tree: str(tree["error"]["message"]),
)
