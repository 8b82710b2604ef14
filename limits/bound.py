"""An upper bound of a call's input tokens without counting them.

A byte-level BPE token covers at least one byte, so the UTF-8 bytes of a text bound its tokens from above; what the
vendor's template adds (roles, separators, tool wrappers) is a constant per part. Families other than the byte-level
ones carry a factor. Images and files are bounded by the family's dearest published size. All figures are generous on
purpose: they only decide what is reserved, the provider's report decides what is paid.
"""

from dataclasses import dataclass
from fractions import Fraction

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Family:
    """Constants of a tokenizer family, tokens each. `per_byte` is how many tokens a byte of text can become at most.

    `image` is None where an image's tokens cannot be bounded without its size; files likewise.
    """

    name: str
    per_byte: Fraction = Fraction(1)
    call: int = 16
    message: int = 8
    tool: int = 32
    image: int | None = None
    encoding: str | None = None


class Parts(Struct, frozen=True, gc=False):
    """What a request holds, counted by the dialect: UTF-8 bytes of every text that is sent (tool schemas included)."""

    text_bytes: int
    messages: int = 0
    tools: int = 0
    images: int = 0


class Unbounded(ValueError):
    """The cost of a part cannot be bounded, and no policy names a maximum for it."""


FAMILIES = {
    "o200k_base": Family("o200k_base", image=48_000, tool=64, encoding="o200k_base"),
    "cl100k_base": Family("cl100k_base", image=1_600, tool=64, encoding="cl100k_base"),
    "anthropic": Family("anthropic", call=640, message=16, tool=128, image=5_000),
    "gemini": Family("gemini", image=10_000),
    "other": Family("other", per_byte=Fraction(5, 4), call=64, message=16, tool=128),
}
"""Known families. A tool-using call at Anthropic adds a system prompt of several hundred tokens, hence its `call`."""

_CL100K = ("gpt-4-", "gpt-3.5", "text-embedding-")


def family_of(model: str) -> Family:
    """Return the family of a model by its name; `other` for names nobody knows."""
    name = model.rpartition("/")[2].lower()
    if name.startswith("claude"):
        return FAMILIES["anthropic"]
    if name.startswith("gemini"):
        return FAMILIES["gemini"]
    if name == "gpt-4" or name.startswith(_CL100K):
        return FAMILIES["cl100k_base"]
    if name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4", "codex-", "ft:gpt-4o")):
        return FAMILIES["o200k_base"]
    return FAMILIES["other"]


def input_bound(parts: Parts, family: Family, *, image_tokens_max: int | None = None) -> int:
    """Return tokens that the input cannot exceed. Unbounded if it holds images nobody gives a maximum for."""
    return _tokens(parts.text_bytes, family) + _frame(parts, family, image_tokens_max)


def input_counted(parts: Parts, family: Family, text_tokens: int, *, image_tokens_max: int | None = None) -> int:
    """Return the bound when the texts were counted exactly: their tokens in place of their bytes."""
    return min(text_tokens, _tokens(parts.text_bytes, family)) + _frame(parts, family, image_tokens_max)


def _tokens(text_bytes: int, family: Family) -> int:
    return -(-text_bytes * family.per_byte.numerator // family.per_byte.denominator)


def _frame(parts: Parts, family: Family, image_tokens_max: int | None) -> int:
    each = image_tokens_max if image_tokens_max is not None else family.image
    if parts.images and each is None:
        raise Unbounded(f"images at {family.name} models have no known maximum; the policy can name one")
    return family.call + parts.messages * family.message + parts.tools * family.tool + parts.images * (each or 0)
