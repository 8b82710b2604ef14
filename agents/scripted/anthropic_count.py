"""Anthropic's token counting as a server speaks it: as a message, but nothing is said and nothing billed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from . import anthropic_messages
from .anthropic_messages import error as error
from .turn import Answer, Asked


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is none, or has members that counting does not know."""
    tree = orjson.loads(body)
    for member in ("max_tokens", "stream", "metadata", "temperature"):
        if isinstance(tree, dict) and member in tree:
            raise ValueError(f"{member}: Extra inputs are not permitted")
    asked = anthropic_messages.read(orjson.dumps({**tree, "max_tokens": 1}))
    return replace(asked, silent=True, free=True)


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write the reply."""
    del asked, usage
    return orjson.dumps({"input_tokens": said.prompt_tokens})


def usage_of(said: Answer) -> dict[str, Any]:
    """Report nothing: it is free."""
    del said
    return {}
