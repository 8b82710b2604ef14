"""Where prices come from: overrides in the configuration, else the table bundled with `genai-prices` (no network).

The table is `listed.py`, imported when a price is first asked for that no override names.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from .clock import Clock
from .money import usd_per_mtok_to_pico
from .prices import Price, Rates

if TYPE_CHECKING:
    from .listed import Listed

_KEPT_MAX = 1_000
_HOUR_US = 3_600_000_000
_MTOK_PICO = 1_000_000
_KCALL_PICO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RateOverride:
    """Rates from the configuration, dollars per million tokens as text; what is None costs as its direction's rate.

    They are for calls whose input is above `over_input_tokens`.
    """

    input: str | Decimal
    output: str | Decimal
    cached: str | Decimal | None = None
    cache_write: str | Decimal | None = None
    cache_write_1h: str | Decimal | None = None
    reasoning: str | Decimal | None = None
    input_audio: str | Decimal | None = None
    output_audio: str | Decimal | None = None
    input_image: str | Decimal | None = None
    output_image: str | Decimal | None = None
    over_input_tokens: int = -1

    def rates(self) -> Rates:
        """Build the rates; ValueError for a number that cannot be a price."""
        inward, outward = usd_per_mtok_to_pico(self.input), usd_per_mtok_to_pico(self.output)
        write = _or(self.cache_write, inward)
        return Rates(
            input=inward,
            output=outward,
            cached=_or(self.cached, inward),
            cache_write=write,
            cache_write_1h=_or(self.cache_write_1h, write),
            input_audio=_or(self.input_audio, inward),
            reasoning=_or(self.reasoning, outward),
            output_audio=_or(self.output_audio, outward),
            input_image=_or(self.input_image, inward),
            output_image=_or(self.output_image, outward),
            over_input_tokens=self.over_input_tokens,
        )


def _or(usd: str | Decimal | None, otherwise: int) -> int:
    return otherwise if usd is None else usd_per_mtok_to_pico(usd)


@dataclass(frozen=True, slots=True)
class PriceOverride(RateOverride):
    """A model's price from the configuration.

    `usd_per_thousand_calls` is a fee on top of every call; `tiers` are the rates of larger inputs, `service_tiers`
    those of calls served at `flex`, `priority`, `batch` …, whatever their input. `version` is the operator's own.
    """

    usd_per_thousand_calls: str | Decimal = "0"
    tiers: tuple[RateOverride, ...] = ()
    service_tiers: Mapping[str, RateOverride] = field(default_factory=dict)
    version: str = "1"

    def price(self, model: str, service_tier: str | None = None) -> Price:
        """Build the price at a service tier; None and `auto` cost as standard and are bounded by the dearest tier."""
        standard = tuple(each.rates() for each in sorted((self, *self.tiers), key=lambda each: each.over_input_tokens))
        served = {name: (each.rates(),) for name, each in self.service_tiers.items()}
        rates = served.get(service_tier or "", standard)
        bounding = [*standard, *(each for tier in served.values() for each in tier)]
        dearest = [each.dearest() for each in (bounding if service_tier in (None, "auto") else rates)]
        return Price(
            model,
            rates,
            max(inward for inward, _ in dearest),
            max(outward for _, outward in dearest),
            "configuration",
            self.version,
            usd_per_mtok_to_pico(self.usd_per_thousand_calls) * (_KCALL_PICO // _MTOK_PICO),
        )

    def prices(self, model: str) -> dict[str, Price]:
        """Return the price of each service tier that is named, and under "" the one of all others."""
        return {tier: self.price(model, tier or None) for tier in ("", *self.service_tiers)}


class PriceList:
    """Prices by model, overrides first. A found price is kept for the hour; at most 1,000 are kept."""

    def __init__(self, clock: Clock, overrides: Mapping[str, PriceOverride] | None = None) -> None:
        self._clock = clock
        self._overrides = {name: override.prices(name) for name, override in (overrides or {}).items()}
        self._listed: Listed | None = None
        self._kept: dict[tuple[str, str | None, str | None], tuple[int, Price]] = {}

    def load(self) -> "Listed":
        """Read the table; the first price that is not overridden needs it, and waits a quarter of a second for it."""
        self._listed = importlib.import_module(".listed", __package__).Listed()
        return self._listed

    def price(self, model: str, provider: str | None = None, service_tier: str | None = None) -> Price:
        """Return the price of a model at a provider (`openai`, `anthropic` …; None: whoever is known to make it).

        `service_tier` is the request's or, for the cost, the reply's (`default`, `flex`, `priority`, `batch`); one that
        is not listed costs as standard. None and `auto` leave it to the provider: they cost as standard and are
        bounded by the dearest tier. PriceUnknown when nobody lists the model, or lists it in units other than tokens.
        """
        override = self._overrides.get(model)
        if override is not None:
            return override.get(service_tier or "", override[""])
        now_us = self._clock.utc_us()
        key = (model, provider, service_tier)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == now_us // _HOUR_US:
            return kept[1]
        price = (self._listed or self.load()).price(model, provider, service_tier, now_us)
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        self._kept[key] = (now_us // _HOUR_US, price)
        return price
