"""What a call costs: integer arithmetic over a model's rates, pico-dollars a token.

Usage is read as vendors report it: `input_tokens` and `output_tokens` are totals that contain their parts (cached,
cache writes, reasoning, audio). A tier applies to the whole call once its input is above the tier's start. `bound`
takes the dearest rate of any kind in any tier, so a call that stays within its bound in tokens never costs more than
its bound in money. Where prices come from is `limits.pricelist`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from .money import pico_to_nano


class PriceUnknown(LookupError):
    """No price is known for a model, so nothing about it can be bounded."""


class Usage(Struct, frozen=True, gc=False):
    """Tokens of one reply as its provider bills them; the parts are contained in the totals and do not overlap.

    `uses` says how often tools ran at the provider, by kind (`web_search` …).
    ValueError for anything negative or parts above their total.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_image_tokens: int = 0
    uses: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        inward = (
            self.cached_tokens,
            self.cache_write_tokens,
            self.cache_write_1h_tokens,
            self.input_audio_tokens,
            self.input_image_tokens,
        )
        outward = (self.reasoning_tokens, self.output_audio_tokens, self.output_image_tokens)
        if min(self.input_tokens, self.output_tokens, *inward, *outward, *(number for _, number in self.uses)) < 0:
            raise ValueError(f"usage is below zero: {self}")
        if sum(inward) > self.input_tokens or sum(outward) > self.output_tokens:
            raise ValueError(f"a part of the usage is above its total: {self}")


@dataclass(frozen=True, slots=True)
class Rates:
    """Pico-dollars a token of each kind, for calls whose input is above `over_input_tokens`."""

    input: int
    output: int
    cached: int
    cache_write: int
    cache_write_1h: int
    input_audio: int
    reasoning: int
    output_audio: int
    input_image: int
    output_image: int
    over_input_tokens: int = -1

    def cost_pico(self, usage: Usage) -> int:
        """Return the exact cost in pico-dollars."""
        inward = usage.cached_tokens + usage.cache_write_tokens + usage.cache_write_1h_tokens
        inward += usage.input_audio_tokens + usage.input_image_tokens
        outward = usage.reasoning_tokens + usage.output_audio_tokens + usage.output_image_tokens
        return (
            (usage.input_tokens - inward) * self.input
            + usage.cached_tokens * self.cached
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_write_1h_tokens * self.cache_write_1h
            + usage.input_audio_tokens * self.input_audio
            + usage.input_image_tokens * self.input_image
            + (usage.output_tokens - outward) * self.output
            + usage.reasoning_tokens * self.reasoning
            + usage.output_audio_tokens * self.output_audio
            + usage.output_image_tokens * self.output_image
        )

    def dearest(self) -> tuple[int, int]:
        """Return the highest rate of an input and of an output token."""
        return (
            max(self.input, self.cached, self.cache_write, self.cache_write_1h, self.input_audio, self.input_image),
            max(self.output, self.reasoning, self.output_audio, self.output_image),
        )


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price. `tiers` ascend by the input they start above; `source` and `version` go into the record.

    `dearest_input` and `dearest_output` are at least every rate of their direction; `call_pico` is charged once a call,
    `uses` (pico-dollars by kind) for each use of a tool that runs at the provider.
    """

    model: str
    tiers: tuple[Rates, ...]
    dearest_input: int
    dearest_output: int
    source: str
    version: str
    call_pico: int = 0
    context_tokens: int | None = None
    uses: Mapping[str, int] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Where it comes from, with the version: `genai-prices 0.0.70`, `configuration 1`."""
        return f"{self.source} {self.version}"

    def cost(self, usage: Usage) -> int:
        """Return nano-dollars for a reported usage, rounded up once."""
        rates = self.tiers[0]
        for tier in self.tiers:
            if usage.input_tokens > tier.over_input_tokens:
                rates = tier
        pico = self.call_pico + rates.cost_pico(usage)
        for kind, number in usage.uses:
            pico += number * self.uses.get(kind, 0)
        return pico_to_nano(pico)

    def lacks(self, usage: Usage) -> bool:
        """Say whether a reported use has no price, so that `cost` is not all of it."""
        return any(number and kind not in self.uses for kind, number in usage.uses)

    def bound(self, input_tokens: int, output_tokens: int) -> int:
        """Return nano-dollars that no call with at most these tokens, and no hosted tool, can exceed."""
        return pico_to_nano(self.call_pico + input_tokens * self.dearest_input + output_tokens * self.dearest_output)

    def output_tokens_for(self, nano: int, input_tokens: int) -> int:
        """Return how many output tokens `bound` lets these nano-dollars buy beside the input; below 0: not even that.

        A model whose output is free answers as many as anyone could ask (2^62).
        """
        left = nano * 1_000 - self.call_pico - input_tokens * self.dearest_input
        if self.dearest_output == 0:
            return 2**62 if left >= 0 else -1
        return left // self.dearest_output


NOTHING = Rates(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
"""Rates of what has no price a token."""

FREE = Price("free", (NOTHING,), 0, 0, "free", "1")
"""The price of what providers charge nothing for (counting tokens, moderations)."""
