"""What was asked and what is answered, without a vendor's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from .script import Reply, ToolCall

BYTES_PER_TOKEN = 4


@dataclass(slots=True)
class Asked:
    """A model request: `last_text` and `last_role` are what rules match, `user_text` what the echo repeats.

    `silent` ones have no output (embeddings), `free` ones are not billed.
    """

    model: str
    stream: bool
    include_usage: bool
    choices: int
    output_tokens_max: int | None
    last_text: str
    last_role: str
    user_text: str
    assistant_turns: int
    prompt_tokens: int
    silent: bool = False
    free: bool = False


@dataclass(slots=True)
class Answer:
    """What the model says: one text and its tool calls for every choice; token counts over all choices."""

    id: str
    model: str
    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    event_chars: int


def tokens(text: str) -> int:
    """Four bytes a token, rounded up."""
    return -(-(len(text) if text.isascii() else len(text.encode())) // BYTES_PER_TOKEN)


def text_of(content: Any) -> str:
    """Join the text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = []
    for part in content:
        if isinstance(part, dict):
            text = part.get("text")
            if isinstance(text, str):
                parts.append(text)
            elif "content" in part:  # Anthropic's tool_result
                parts.append(text_of(part["content"]))
    return "\n".join(parts)


def answer(asked: Asked, reply: Reply, id_: str) -> Answer:
    """Play `reply` for `asked`: fill in the echo, cut at the output limit, count."""
    text = reply.text
    if text is None:
        text = "" if reply.tool_calls else asked.user_text
    elif "{text}" in text:
        text = text.replace("{text}", asked.user_text)
    calls = reply.tool_calls
    finish = "tool_calls" if calls else "stop"
    spoken = tokens(text) + reply.reasoning_tokens
    limit = asked.output_tokens_max
    for call in calls:
        spoken += tokens(call.name) + tokens(arguments_of(call))
    if limit is not None and spoken > limit:
        finish, calls, spoken = "length", (), limit
        text = _cut(text, max(0, limit - reply.reasoning_tokens) * BYTES_PER_TOKEN)
    completion = 0 if asked.silent else max(1, spoken) * asked.choices
    return Answer(
        id=id_,
        model=asked.model,
        text=text,
        tool_calls=calls,
        finish=reply.finish or finish,
        prompt_tokens=asked.prompt_tokens if reply.prompt_tokens is None else reply.prompt_tokens,
        completion_tokens=completion if reply.completion_tokens is None else reply.completion_tokens,
        cached_tokens=reply.cached_tokens,
        reasoning_tokens=reply.reasoning_tokens,
        event_chars=max(1, reply.event_chars),
    )


def arguments_of(call: ToolCall) -> str:
    """Write the arguments as they go over the wire."""
    return call.arguments if isinstance(call.arguments, str) else orjson.dumps(call.arguments).decode()


def _cut(text: str, size_bytes: int) -> str:
    return text.encode()[:size_bytes].decode(errors="ignore")
