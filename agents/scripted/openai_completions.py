"""OpenAI's legacy completions as a server speaks it: read a prompt, write a reply, plain or as events."""

from __future__ import annotations

import time
from typing import Any

import orjson

from .openai_chat import DONE, is_ending
from .openai_chat import error as error
from .openai_chat import usage_of as usage_of
from .turn import Answer, Asked, tokens

__all__ = ["error", "events", "is_ending", "plain", "read", "usage_of"]


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is none."""
    tree = orjson.loads(body)
    prompts = tree.get("prompt") if isinstance(tree, dict) else None
    prompts = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(prompts, list) or not prompts or not all(isinstance(each, str) for each in prompts):
        raise ValueError("`prompt` must be a string or a list of strings")
    options, limit = tree.get("stream_options"), tree.get("max_tokens")
    return Asked(
        model=str(tree.get("model", "")),
        stream=tree.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        choices=len(prompts) * int(tree.get("n") or 1),
        output_tokens_max=limit if isinstance(limit, int) else 16,
        last_text=prompts[-1],
        last_role="user",
        user_text=prompts[-1],
        assistant_turns=0,
        prompt_tokens=max(1, sum(map(tokens, prompts))),
    )


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write a whole reply."""
    tree = {**_head(said), "choices": [_choice(index, said.text, said.finish) for index in range(asked.choices)]}
    return orjson.dumps(tree if usage is None else {**tree, "usage": usage})


def events(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> list[bytes]:
    """Write a streamed reply: texts, each finish, the usage chunk if asked for, `[DONE]`."""
    size = said.event_chars
    pieces = [said.text[at : at + size] for at in range(0, len(said.text), size)]
    choices = [_choice(index, piece, None) for piece in pieces for index in range(asked.choices)]
    choices += [_choice(index, "", said.finish) for index in range(asked.choices)]
    trees: list[dict[str, Any]] = [{**_head(said), "choices": [choice]} for choice in choices]
    if asked.include_usage and usage is not None:
        trees.append({**_head(said), "choices": [], "usage": usage})
    return [*(b"data: %b\n\n" % orjson.dumps(tree) for tree in trees), DONE]


def _head(said: Answer) -> dict[str, Any]:
    return {"id": f"cmpl-{said.id}", "object": "text_completion", "created": int(time.time()), "model": said.model}


def _choice(index: int, text: str, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
