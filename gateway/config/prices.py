"""Settings of prices that override the price package's: a contract's rates, tiers and version."""

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from limits.money import usd_to_nano
from limits.pricelist import PriceOverride, RateOverride

from .values import Count, Name, Price, Settings, Usd


class TokenRateSettings(Settings):
    """Rates in dollars per million tokens; a kind that is left out costs as its direction's rate."""

    input_usd_per_million: Price = Field(description="fresh input")
    output_usd_per_million: Price = Field(description="output")
    cached_input_usd_per_million: Price | None = Field(
        default=None, description="input read from a cache; else as fresh"
    )
    cache_write_usd_per_million: Price | None = Field(
        default=None, description="input written to a cache; else as fresh"
    )
    cache_write_1h_usd_per_million: Price | None = Field(
        default=None, description="input written to a cache for an hour; else as other writes"
    )
    reasoning_usd_per_million: Price | None = Field(default=None, description="thinking; else as output")
    input_audio_usd_per_million: Price | None = Field(default=None, description="sound in the input; else as fresh")
    output_audio_usd_per_million: Price | None = Field(default=None, description="sound in the output; else as output")
    input_image_usd_per_million: Price | None = Field(default=None, description="images in the input; else as fresh")
    output_image_usd_per_million: Price | None = Field(default=None, description="images in the output; else as output")


class UsePriceSettings(Settings):
    """Dollars per thousand uses of tools that run at the provider, in place of the price package's."""

    web_search: Usd | None = Field(default=None, description="searches of the web")
    web_fetch: Usd | None = Field(default=None, description="pages read; 0 where only their tokens are billed")
    file_search: Usd | None = Field(default=None, description="searches of vector stores")
    code_execution: Usd | None = Field(default=None, description="runs of code")


class LongContextSettings(TokenRateSettings):
    """Rates of the whole call once its input is larger than this."""

    over_input_tokens: Count = Field(description="for inputs above so many tokens")


class PriceSettings(TokenRateSettings):
    """A model's price in place of the price package's."""

    long_context: tuple[LongContextSettings, ...] = Field(
        default=(), max_length=8, description="rates of larger inputs"
    )
    service_tiers: dict[Name, TokenRateSettings] = Field(
        default_factory=dict, max_length=8, description="rates of calls that are served at flex, priority, batch …"
    )
    usd_per_thousand_calls: Usd = Field(default=Decimal(0), description="a fee on every call, on top")
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = Field(
        default="1", description="your own name for this price list; it is in the record of each call"
    )

    @model_validator(mode="after")
    def _tiers(self) -> Self:
        starts = [tier.over_input_tokens for tier in self.long_context]
        if len(set(starts)) < len(starts):
            raise ValueError("two entries of long_context begin at the same over_input_tokens")
        return self


def override_of(settings: PriceSettings) -> PriceOverride:
    """Return the price as the list of prices takes it."""
    return PriceOverride(
        **_rates(settings),
        usd_per_thousand_calls=settings.usd_per_thousand_calls,
        tiers=tuple(
            RateOverride(**_rates(tier), over_input_tokens=tier.over_input_tokens) for tier in settings.long_context
        ),
        service_tiers={name: RateOverride(**_rates(tier)) for name, tier in settings.service_tiers.items()},
        version=settings.version,
    )


def uses_of(settings: UsePriceSettings) -> dict[str, int]:
    """Return pico-dollars a use, by kind: a thousandth of so many dollars is as many nano-dollars in pico-dollars."""
    return {kind: usd_to_nano(usd) for kind, usd in settings if usd is not None}


def _rates(settings: TokenRateSettings) -> dict[str, Any]:
    return {
        "input": settings.input_usd_per_million,
        "output": settings.output_usd_per_million,
        "cached": settings.cached_input_usd_per_million,
        "cache_write": settings.cache_write_usd_per_million,
        "cache_write_1h": settings.cache_write_1h_usd_per_million,
        "reasoning": settings.reasoning_usd_per_million,
        "input_audio": settings.input_audio_usd_per_million,
        "output_audio": settings.output_audio_usd_per_million,
        "input_image": settings.input_image_usd_per_million,
        "output_image": settings.output_image_usd_per_million,
    }
