"""What a guard found: kind, rule, direction, place and offsets, never the value itself.

Findings go to spans, records, metrics and headers, so nothing printable about one may carry what was found.
"""

from __future__ import annotations

from typing import NamedTuple

from .policy import Action, Direction

# Steps of a place that an API names; all others are a client's own words, which may be anybody's name.
_STEPS = frozenset(
    (
        *("", "messages", "content", "text", "refusal", "name", "reasoning_content", "tool_calls", "function"),
        *("arguments", "custom", "input", "function_call", "tools", "functions", "description", "parameters"),
        *("properties", "items", "metadata", "user", "response_format", "json_schema", "schema", "image_url", "url"),
        *("system", "instructions", "input_schema", "output", "stop", "safety_identifier"),
    )
)


class Hit(NamedTuple):
    """A span a rule claims, in offsets of the text it was given."""

    start: int
    end: int
    kind: str
    rule: str


class Finding(NamedTuple):
    """One found value. `start` and `end` are character offsets in the string at `place` (a JSON pointer)."""

    kind: str
    rule: str
    direction: Direction
    place: str
    start: int
    end: int
    action: Action


def nameless(place: str) -> str:
    """Return a place without the steps that its client named."""
    return "/".join(step if step in _STEPS or step.isdecimal() else "*" for step in place.split("/"))
