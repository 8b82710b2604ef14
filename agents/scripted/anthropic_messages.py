"""Anthropic's messages as a server speaks it: read a request, write a reply, plain or as events."""

from __future__ import annotations

from typing import Any

import orjson

from .script import ToolCall
from .turn import Answer, Asked, arguments_of, text_of, tokens

FINISHES = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
ERROR_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is no messages request."""
    tree = orjson.loads(body)
    messages = tree.get("messages") if isinstance(tree, dict) else None
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise ValueError("messages: Field required")
    if not isinstance(tree.get("max_tokens"), int):
        raise ValueError("max_tokens: Field required")  # noqa: TRY004  # the client's body is wrong, not a type of ours
    prompt = tokens(text_of(tree.get("system")))
    user_text, turns, text, role = "", 0, "", ""
    for message in messages:
        text, role = text_of(message.get("content")), str(message.get("role", ""))
        prompt += tokens(text)
        if role == "assistant":
            turns += 1
        elif _is_result(message):
            role = "tool"
        else:
            user_text = text
    if tools := tree.get("tools"):
        prompt += tokens(orjson.dumps(tools).decode())
    return Asked(
        model=str(tree.get("model", "")),
        stream=tree.get("stream") is True,
        include_usage=True,
        choices=1,
        output_tokens_max=tree["max_tokens"],
        last_text=text,
        last_role=role,
        user_text=user_text,
        assistant_turns=turns,
        prompt_tokens=max(1, prompt),
    )


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write a whole reply."""
    del asked
    tree = _message(said, usage)
    if said.text or not said.tool_calls:
        tree["content"].append({"type": "text", "text": said.text})
    tree["content"] += [
        {"type": "tool_use", "id": _call_id(said, call, index), "name": call.name, "input": _input(call)}
        for index, call in enumerate(said.tool_calls)
    ]
    tree["stop_reason"] = FINISHES.get(said.finish, said.finish)
    return orjson.dumps(tree)


def events(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> list[bytes]:
    """Write a streamed reply: message_start, the blocks one after the other, message_delta, message_stop."""
    del asked
    start = None if usage is None else {**usage, "output_tokens": 1}
    stream = [_event({"type": "message_start", "message": _message(said, start)}), _event({"type": "ping"})]
    index = 0
    if said.text or not said.tool_calls:
        deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(said.text, said.event_chars)]
        stream += _block(index, {"type": "text", "text": ""}, deltas)
        index += 1
    for number, call in enumerate(said.tool_calls):
        block = {"type": "tool_use", "id": _call_id(said, call, number), "name": call.name, "input": {}}
        pieces = _pieces(arguments_of(call), said.event_chars)
        stream += _block(index, block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces])
        index += 1
    finish = FINISHES.get(said.finish, said.finish)
    end: dict[str, Any] = {"type": "message_delta", "delta": {"stop_reason": finish, "stop_sequence": None}}
    if usage is not None:
        end["usage"] = {"output_tokens": usage["output_tokens"]}
    return [*stream, _event(end), _event({"type": "message_stop"})]


def is_ending(event: bytes) -> bool:
    """Whether the event tells that the answer or the stream ends."""
    return event.startswith((b"event: message_delta\n", b"event: message_stop\n"))


def usage_of(said: Answer) -> dict[str, Any]:
    """Report the usage in this dialect, where cached tokens stand beside the other input tokens."""
    return {
        "input_tokens": said.prompt_tokens - said.cached_tokens,
        "cache_read_input_tokens": said.cached_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": said.completion_tokens,
    }


def error(status: int, message: str) -> bytes:
    """Write an error body."""
    return orjson.dumps({"type": "error", "error": {"type": ERROR_KINDS.get(status, "api_error"), "message": message}})


def _is_result(message: dict[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") == "tool_result" for part in content
    )


def _message(said: Answer, usage: dict[str, Any] | None) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "id": f"msg_{said.id}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }
    if usage is not None:
        tree["usage"] = usage
    return tree


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        _event({"type": "content_block_start", "index": index, "content_block": block}),
        *(_event({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas),
        _event({"type": "content_block_stop", "index": index}),
    ]


def _event(tree: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (tree["type"].encode(), orjson.dumps(tree))


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _call_id(said: Answer, call: ToolCall, index: int) -> str:
    return call.id or f"toolu_{said.id}{index:02d}"


def _input(call: ToolCall) -> Any:
    """Return the arguments as an object; a string that is no JSON stays one, as a faulty provider would send it."""
    if not isinstance(call.arguments, str):
        return call.arguments
    try:
        return orjson.loads(call.arguments)
    except ValueError:
        return call.arguments
