"""OpenAI's embeddings as a server speaks it: a short vector for each input, made from its text."""

from __future__ import annotations

from typing import Any

import orjson

from .openai_chat import error as error
from .turn import Answer, Asked, tokens


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is none. `choices` is how many inputs there are."""
    tree = orjson.loads(body)
    inputs = tree.get("input") if isinstance(tree, dict) else None
    inputs = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(inputs, list) or not inputs or not all(isinstance(each, str) for each in inputs):
        raise ValueError("`input` must be a string or a list of strings")
    return Asked(
        model=str(tree.get("model", "")),
        stream=False,
        include_usage=True,
        choices=len(inputs),
        output_tokens_max=None,
        last_text=inputs[-1],
        last_role="user",
        user_text=inputs[-1],
        assistant_turns=0,
        prompt_tokens=max(1, sum(map(tokens, inputs))),
        silent=True,
    )


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write the reply."""
    vectors = [
        {"object": "embedding", "index": at, "embedding": [0.25, -0.5, len(said.text) / 1024]}
        for at in range(asked.choices)
    ]
    tree: dict[str, Any] = {"object": "list", "data": vectors, "model": said.model}
    return orjson.dumps(tree if usage is None else {**tree, "usage": usage})


def usage_of(said: Answer) -> dict[str, Any]:
    """Report the usage in this dialect."""
    return {"prompt_tokens": said.prompt_tokens, "total_tokens": said.prompt_tokens}
