"""OpenAI's responses as a server speaks it: read a request, write a reply, plain or as events."""

from __future__ import annotations

import time
from typing import Any

import orjson

from .openai_chat import error as error
from .script import ToolCall
from .turn import Answer, Asked, arguments_of, text_of, tokens

CALLS = ("function_call", "custom_tool_call")


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is no request for a response."""
    tree = orjson.loads(body)
    items = tree.get("input") if isinstance(tree, dict) else None
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise ValueError("`input` must be a string or a list of one or more items")
    user_text, prompt, turns, text, role = "", tokens(str(tree.get("instructions") or "")), 0, "", ""
    for item in items:
        kind = item.get("type", "message")
        text, role = text_of(item.get("content")), str(item.get("role", ""))
        if kind in CALLS:
            text, role = str(item.get("arguments", item.get("input", ""))), "assistant"
        elif kind.endswith("_output"):
            text, role = text_of(item.get("output")), "tool"
        prompt += tokens(text)
        if role == "user":
            user_text = text
        turns += role == "assistant"
    if tools := tree.get("tools"):
        prompt += tokens(orjson.dumps(tools).decode())
    limit = tree.get("max_output_tokens")
    return Asked(
        model=str(tree.get("model", "")),
        stream=tree.get("stream") is True,
        include_usage=True,
        choices=1,
        output_tokens_max=limit if isinstance(limit, int) else None,
        last_text=text,
        last_role=role,
        user_text=user_text,
        assistant_turns=turns,
        prompt_tokens=max(1, prompt),
    )


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write a whole reply."""
    del asked
    return orjson.dumps(_response(said, usage, _items(said)))


def events(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> list[bytes]:
    """Write a streamed reply: the response as it begins, each item with its deltas and its end, the whole response."""
    del asked
    items = _items(said)
    begun = {**_response(said, None, []), "status": "in_progress"}
    trees: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for at, item in enumerate(items):
        trees += _message(at, item, said) if item["type"] == "message" else _call(at, item, said)
    whole = _response(said, usage, items)
    trees.append({"type": f"response.{whole['status']}", "response": whole})
    return [_event({**tree, "sequence_number": number}) for number, tree in enumerate(trees)]


def is_ending(event: bytes) -> bool:
    """Whether the event tells that the response ends."""
    return event.startswith((b"event: response.completed\n", b"event: response.incomplete\n"))


def usage_of(said: Answer) -> dict[str, Any]:
    """Report the usage in this dialect."""
    return {
        "input_tokens": said.prompt_tokens,
        "input_tokens_details": {"cached_tokens": said.cached_tokens},
        "output_tokens": said.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": said.reasoning_tokens},
        "total_tokens": said.prompt_tokens + said.completion_tokens,
    }


def _response(said: Answer, usage: dict[str, Any] | None, items: list[dict[str, Any]]) -> dict[str, Any]:
    cut = said.finish == "length"
    return {
        "id": f"resp_{said.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": None,
        "metadata": {},
        "model": said.model,
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def _items(said: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.text or not said.tool_calls:
        content = [{"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}]
        items.append(
            {
                "id": f"msg_{said.id}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": content,
            }
        )
    items += [_call_item(said, call, number) for number, call in enumerate(said.tool_calls)]
    return items


def _call_item(said: Answer, call: ToolCall, number: int) -> dict[str, Any]:
    return {
        "id": f"fc_{said.id}{number:02d}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id or f"call_{said.id}{number:02d}",
        "name": call.name,
        "arguments": arguments_of(call),
    }


def _message(at: int, item: dict[str, Any], said: Answer) -> list[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": at, "content_index": 0}
    part = item["content"][0]
    text = "response.output_text"
    return [
        _added(at, {**item, "status": "in_progress", "content": []}),
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *({"type": f"{text}.delta", **place, "delta": piece, "logprobs": []} for piece in _pieces(part["text"], said)),
        {"type": f"{text}.done", **place, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": at, "item": item},
    ]


def _call(at: int, item: dict[str, Any], said: Answer) -> list[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": at}
    arguments = item["arguments"]
    name = "response.function_call_arguments"
    return [
        _added(at, {**item, "status": "in_progress", "arguments": ""}),
        *({"type": f"{name}.delta", **place, "delta": piece} for piece in _pieces(arguments, said)),
        {"type": f"{name}.done", **place, "arguments": arguments},
        {"type": "response.output_item.done", "output_index": at, "item": item},
    ]


def _added(at: int, item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": at, "item": item}


def _pieces(text: str, said: Answer) -> list[str]:
    return [text[at : at + said.event_chars] for at in range(0, len(text), said.event_chars)]


def _event(tree: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (tree["type"].encode(), orjson.dumps(tree))
