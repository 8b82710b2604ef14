"""OpenAI's chat completions as a server speaks it: read a request, write a reply, plain or as events."""

from __future__ import annotations

import time
from typing import Any

import orjson

from .script import ToolCall
from .turn import Answer, Asked, arguments_of, text_of, tokens

CHOICES_MAX = 128
SERVER_ERROR = 500
DONE = b"data: [DONE]\n\n"


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is no chat request."""
    tree = orjson.loads(body)
    messages = tree.get("messages") if isinstance(tree, dict) else None
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise ValueError("`messages` must be a list of one or more objects")
    user_text, prompt, turns, text = "", 0, 0, ""
    for message in messages:
        text = text_of(message.get("content"))
        prompt += tokens(text)
        role = message.get("role")
        if role == "user":
            user_text = text
        elif role == "assistant":
            turns += 1
            if calls := message.get("tool_calls"):
                prompt += tokens(orjson.dumps(calls).decode())
    if tools := tree.get("tools"):
        prompt += tokens(orjson.dumps(tools).decode())
    limits = [limit for name in ("max_completion_tokens", "max_tokens") if isinstance(limit := tree.get(name), int)]
    options = tree.get("stream_options")
    choices = 1 if (wanted := tree.get("n")) is None else wanted
    if not isinstance(choices, int) or not 1 <= choices <= CHOICES_MAX:
        raise ValueError(f"`n` must be 1 to {CHOICES_MAX}")
    return Asked(
        model=str(tree.get("model", "")),
        stream=tree.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        choices=choices,
        output_tokens_max=min(limits) if limits else None,
        last_text=text,
        last_role=str(messages[-1].get("role", "")),
        user_text=user_text,
        assistant_turns=turns,
        prompt_tokens=max(1, prompt),
    )


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write a whole reply."""
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": None}
    if said.tool_calls:
        message["content"] = said.text or None
        message["tool_calls"] = [_call(said, call, index) for index, call in enumerate(said.tool_calls)]
    tree: dict[str, Any] = {
        "id": "chatcmpl-" + said.id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": said.model,
        "choices": [
            {"index": index, "message": message, "logprobs": None, "finish_reason": said.finish}
            for index in range(asked.choices)
        ],
    }
    if usage is not None:
        tree["usage"] = usage
    return orjson.dumps(tree)


def events(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> list[bytes]:
    """Write a streamed reply, event by event: texts, calls, each finish, the usage chunk if asked for, `[DONE]`.

    Choices take turns, so a client that mixes them up shows it.
    """
    head = orjson.dumps(
        {
            "id": "chatcmpl-" + said.id,
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": said.model,
        }
    )[:-1]
    usage_member = b',"usage":null' if asked.include_usage else b""
    start = b"data: " + head + b',"choices":[{"index":'
    end = b',"logprobs":null,"finish_reason":null}]' + usage_member + b"}\n\n"
    starts = [start + str(index).encode() + b',"delta":' for index in range(asked.choices)]
    stream = [one + b'{"role":"assistant","content":"","refusal":null}' + end for one in starts]
    size = said.event_chars
    for at in range(0, len(said.text), size):
        delta = b'{"content":' + orjson.dumps(said.text[at : at + size]) + b"}" + end
        stream.extend([one + delta for one in starts])
    for index, call in enumerate(said.tool_calls):
        for delta in _call_deltas(said, call, index):
            stream.extend([one + delta + end for one in starts])
    finish = b'{},"logprobs":null,"finish_reason":' + orjson.dumps(said.finish) + b"}]" + usage_member + b"}\n\n"
    stream.extend([one + finish for one in starts])
    if asked.include_usage and usage is not None:
        stream.append(b"data: " + head + b',"choices":[],"usage":' + orjson.dumps(usage) + b"}\n\n")
    stream.append(DONE)
    return stream


def is_ending(event: bytes) -> bool:
    """Whether the event tells that a choice or the stream ends."""
    return event == DONE or (b'"finish_reason":null' not in event and b'"choices":[]' not in event)


def usage_of(said: Answer) -> dict[str, Any]:
    """Report the usage in this dialect."""
    return {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "total_tokens": said.prompt_tokens + said.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": said.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": said.reasoning_tokens},
    }


def error(status: int, message: str) -> bytes:
    """Write an error body."""
    kind = "invalid_request_error" if status < SERVER_ERROR else "server_error"
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": None}})


def _call(said: Answer, call: ToolCall, index: int) -> dict[str, Any]:
    return {
        "id": call.id or f"call_{said.id}{index:02d}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_of(call)},
    }


def _call_deltas(said: Answer, call: ToolCall, index: int) -> list[bytes]:
    whole = _call(said, call, index)
    arguments = whole["function"]["arguments"]
    first = {"index": index, **whole, "function": {"name": call.name, "arguments": ""}}
    pieces = [arguments[at : at + said.event_chars] for at in range(0, len(arguments), said.event_chars)]
    deltas = [first, *({"index": index, "function": {"arguments": piece}} for piece in pieces)]
    return [orjson.dumps({"tool_calls": [delta]}) for delta in deltas]
