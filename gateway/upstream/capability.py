"""What an upstream's model can do, by the vendor's documentation; the configuration overrides each field.

Sources: OpenAI API reference (max_completion_tokens replaces max_tokens, which reasoning models refuse), vLLM's and
other compatible servers' documentation (max_tokens), Azure OpenAI v1, Anthropic Messages (max_tokens is required).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

_REASONING = ("o1", "o3", "o4", "gpt-5", "codex-")


@dataclass(frozen=True, slots=True)
class Capability:
    """`output_limit_field` bounds the output; None means not known. `ids` weak: tool call ids are counters."""

    output_limit_field: str = "max_tokens"
    reasoning: bool = False
    floor_tokens: int | None = None
    tokenizer: str | None = None
    usage_in_stream: bool = True
    ids: str = "strong"
    output_tokens_max: int | None = None
    input_tokens_max: int | None = None


def capability_of(kind: str, model: str, *overrides: Mapping[str, Any]) -> Capability:
    """Return the capability of a model at an upstream of this kind; later overrides win, None says nothing."""
    found = Capability()
    if kind in ("openai", "azure"):
        found = Capability(output_limit_field="max_completion_tokens", reasoning=model.startswith(_REASONING))
    elif kind == "openai_compatible":
        found = Capability(ids="weak")
    names = {field.name for field in fields(Capability)}
    for override in overrides:
        said = {name: value for name, value in override.items() if value is not None and name in names}
        found = replace(found, **said)
    return found
