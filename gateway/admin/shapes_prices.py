"""What the admin API tells of prices."""

from pydantic import Field

from .shapes import Shape


class TierShown(Shape):
    """Rates of calls whose input is above `over_input_tokens`."""

    over_input_tokens: int
    usd_per_million: dict[str, str] = Field(description="dollars per million tokens, by kind")


class Difference(Shape):
    """A rate that an override changes, in dollars per million tokens."""

    rate: str
    package: str
    override: str


class PriceShown(Shape):
    """A model's price at one of its targets; no tiers: nobody knows one, and its calls are refused."""

    model: str
    target: str
    source: str = Field(description="configuration or genai-prices")
    version: str
    overridden: bool
    tiers: tuple[TierShown, ...]
    service_tiers: dict[str, dict[str, str]] = Field(description="the override's rates at other service tiers")
    usd_per_call: str
    usd_per_thousand_uses: dict[str, str] = Field(description="of tools that run at the provider, by kind")
    package_version: str | None = Field(description="of the price package; none if it does not list the model")
    differences: tuple[Difference, ...]


class Prices(Shape):
    """Prices in the file's order."""

    prices: tuple[PriceShown, ...]
