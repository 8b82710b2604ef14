"""OpenAI's Chat Completions as a client and as the provider have it, written from the published API reference."""

import json
from typing import Any

from gateway.dialects.openai_chat import OpenAIChat
from tests.gateway.dialects.conformance import SCHEMA, Calls, Heard, Speech, Spoken, Tree

USAGE = {
    "prompt_tokens": 23,
    "completion_tokens": 13,
    "total_tokens": 36,
    "prompt_tokens_details": {"cached_tokens": 11},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
REQUEST: Tree = {
    "model": "gpt-4o",
    "max_completion_tokens": 1_000,
    "temperature": 0.7,
    "seed": 7,
    "logprobs": True,
    "metadata": {"team": "a"},
    "response_format": {"type": "text"},
    "tools": [
        {"type": "function", "function": {"name": "weather", "description": "Tells.", "parameters": SCHEMA}},
        {"type": "custom", "custom": {"name": "shell"}},
    ],
    "tool_choice": "auto",
    "messages": [
        {"role": "developer", "content": "You help."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is here?", "cache_control": {"type": "ephemeral"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"note":"Rome"}'}},
                {"id": "call_2", "type": "custom", "custom": {"name": "shell", "input": "ls"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "15 degrees"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "a"}]},
    ],
}
HEAD: Tree = {"id": "chatcmpl-123", "created": 1_694_268_190, "model": "gpt-4o", "system_fingerprint": "fp_4"}


def asked(text: str, tools: Any, stream: bool) -> Tree:
    tree: Tree = {"model": "m", "messages": [{"role": "user", "content": text}]}
    if tools:
        tree["tools"] = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in tools]
    return {**tree, "stream": True, "stream_options": {"include_usage": True}} if stream else tree


def _message(spoken: Spoken) -> Tree:
    message: Tree = {"role": "assistant", "content": "".join(spoken.text) or None, "refusal": None}
    if spoken.thinking:
        message["reasoning_content"] = spoken.thinking
    if spoken.calls:
        message["tool_calls"] = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": "".join(pieces)}}
            for call_id, name, pieces in spoken.calls
        ]
    return message


def plain(spoken: Spoken) -> Tree:
    finish = "tool_calls" if spoken.calls else "stop"
    choice = {"index": 0, "message": _message(spoken), "logprobs": None, "finish_reason": finish}
    return {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def stream(spoken: Spoken) -> list[Tree]:
    deltas: list[Tree] = [{"role": "assistant", "content": "", "refusal": None}]
    if spoken.thinking:
        deltas.append({"reasoning_content": spoken.thinking})
    deltas += [{"content": piece} for piece in spoken.text]
    for index, (call_id, name, pieces) in enumerate(spoken.calls):
        function = {"name": name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call_id, "type": "function", "function": function}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces]
    finish = "tool_calls" if spoken.calls else "stop"
    choices: list[Tree] = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish})
    head: Tree = {**HEAD, "object": "chat.completion.chunk"}
    return [
        *({**head, "choices": [choice], "usage": None} for choice in choices),
        {**head, "choices": [], "usage": USAGE},
    ]


def heard(tree: Tree) -> Heard:
    (choice,) = tree["choices"]
    message, usage = choice["message"], tree["usage"]
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls") or ()
    ]
    return Heard(
        text=message.get("content") or "",
        calls=calls,
        thinking=message.get("reasoning_content") or "",
        finish=choice["finish_reason"],
        usage=(usage["prompt_tokens"], usage["completion_tokens"]),
    )


def followed(trees: list[Tree]) -> Heard:
    """Follow a stream as clients do: add up the deltas, calls by their index; after the finish only the usage."""
    told, usage = Heard(), None
    calls: dict[int, list[str]] = {}
    for tree in trees:
        usage = tree.get("usage") or usage
        for choice in tree["choices"]:
            assert told.finish is None
            delta = choice["delta"]
            told.text += delta.get("content") or ""
            told.thinking += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls") or ():
                known = calls.setdefault(call["index"], ["", "", ""])
                known[0] += call.get("id", "")
                known[1] += call["function"].get("name", "")
                known[2] += call["function"].get("arguments", "")
            told.finish = choice["finish_reason"]
    assert list(calls) == list(range(len(calls)))
    told.calls = [(call_id, name, json.loads(arguments)) for call_id, name, arguments in calls.values()]
    assert usage is not None
    told.usage = (usage["prompt_tokens"], usage["completion_tokens"])
    return told


def goes_on(tree: Tree, calls: Calls, result: str) -> Tree:
    spoken = Spoken(calls=tuple((call_id, name, (json.dumps(arguments),)) for call_id, name, arguments in calls))
    results = [{"role": "tool", "tool_call_id": call_id, "content": result} for call_id, _, _ in calls]
    return {**tree, "messages": [*tree["messages"], _message(spoken), *results]}


SPEECH = Speech(
    dialect=OpenAIChat(),
    asked=asked,
    plain=plain,
    stream=stream,
    heard=heard,
    followed=followed,
    goes_on=goes_on,
    requests=(REQUEST, asked("x", ["a"], stream=True)),
    limit_member="max_completion_tokens",
    finish_plain="stop",
    finish_calls="tool_calls",
    error_message=lambda tree: str(tree["error"]["message"]),
    done=b"data: [DONE]\n\n",
)
