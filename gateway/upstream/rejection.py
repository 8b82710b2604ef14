"""What a provider says of a request that it refuses: read from its error body, bounded, for the client's eyes only.

OpenAI and those who speak like it: {"error": {"message", "type", "param", "code"}}; Anthropic: {"type": "error",
"error": {"type", "message"}}; some compatible servers: {"message"} or {"detail"}. Whatever else it is says nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

_MESSAGE_CHARS_MAX = 1_000
_NAME_CHARS_MAX = 128


class Rejection(NamedTuple):
    """Words for a human, and the provider's own code and parameter; None where it said none."""

    message: str | None
    code: str | None
    param: str | None


NOTHING = Rejection(None, None, None)


def rejection_of(body: bytes, secret: str = "") -> Rejection:
    """Read an error body; one that repeats our credential says nothing."""
    try:
        tree: Any = orjson.loads(body)
    except ValueError:
        return NOTHING
    if type(tree) is not dict:
        return NOTHING
    error: Any = tree.get("error")
    if type(error) is str:
        error = {"message": error}
    elif type(error) is not dict:
        error = {"message": tree.get("message", tree.get("detail"))}
    message = error.get("message")
    if type(message) is not str or (secret and secret in message):
        return NOTHING
    words = "".join(char if char.isprintable() else " " for char in message[:_MESSAGE_CHARS_MAX])
    return Rejection(words.strip() or None, _name(error.get("code")), _name(error.get("param")))


def _name(value: Any) -> str | None:
    """Return a code or the name of a member, if it is one."""
    is_name = type(value) is str and 0 < len(value) <= _NAME_CHARS_MAX and value.isprintable() and value.isascii()
    return value if is_name else None
