"""OpenAI's moderations as a server speaks it: nothing is ever flagged, nothing billed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from . import openai_embeddings
from .openai_chat import error as error
from .turn import Answer, Asked


def read(body: bytes) -> Asked:
    """Parse a request body; raises `ValueError` if it is none."""
    return replace(openai_embeddings.read(body), free=True)


def plain(asked: Asked, said: Answer, usage: dict[str, Any] | None) -> bytes:
    """Write the reply."""
    del usage
    result = {"flagged": False, "categories": {"violence": False}, "category_scores": {"violence": 1.5e-05}}
    return orjson.dumps({"id": f"modr-{said.id}", "model": said.model, "results": [result] * asked.choices})


def usage_of(said: Answer) -> dict[str, Any]:
    """Report nothing: it is free."""
    del said
    return {}
