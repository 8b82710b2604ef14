"""Where prices come from: overrides in the configuration, else the table bundled with `genai-prices` (no network).

Its bound also covers what could become true during a call: rates by
time of day, and a price change that begins tomorrow. Rates finer than a pico-dollar are rounded up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

import genai_prices
from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from .clock import Clock
from .money import usd_per_mtok_to_pico
from .prices import Price, PriceUnknown, Rates

_KEPT_MAX = 1_000
_HOUR_US = 3_600_000_000
_MTOK_PICO = 1_000_000
_KCALL_PICO = 1_000_000_000
_INPUT_KEYS = (
    "input_mtok",
    "input_audio_mtok",
    "input_image_mtok",
    "cache_read_mtok",
    "cache_audio_read_mtok",
    "cache_image_read_mtok",
    "cache_write_mtok",
    "cache_write_5m_mtok",
    "cache_write_1h_mtok",
)
_OUTPUT_KEYS = (
    "output_mtok",
    "output_reasoning_mtok",
    "output_audio_mtok",
    "output_image_mtok",
    "output_citation_mtok",
)


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
        self._table: DataSnapshot | None = None
        self._version = genai_prices.__version__
        self._kept: dict[tuple[str, str | None, str | None], tuple[int, Price]] = {}

    def load(self) -> DataSnapshot:
        """Read the table; the first price that is not overridden needs it, and waits a quarter of a second for it."""
        self._table = get_snapshot()
        return self._table

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
        try:
            _, listed = (self._table or self.load()).find_provider_model(model, None, provider, None)
        except LookupError:
            raise PriceUnknown(f"no price is known for model {model!r}; set one in the configuration") from None
        price = self._read(model, listed, now_us, service_tier)
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        self._kept[key] = (now_us // _HOUR_US, price)
        return price

    def _read(self, model: str, listed: ModelInfo, now_us: int, service_tier: str | None) -> Price:
        at = datetime.fromtimestamp(now_us / 1_000_000, tz=UTC)
        context = {"processing": "batch"} if service_tier == "batch" else {"service_tier": service_tier or ""}
        now = listed.get_prices(at, context)
        if now.input_mtok is None:
            raise PriceUnknown(f"model {model!r} is not priced by tokens")
        during = [now, listed.get_prices(at + timedelta(days=1), context)]
        if not isinstance(listed.prices, ModelPrice):
            during += [c.prices for c in listed.prices if isinstance(c.constraint, TimeOfDateConstraint)]
        if service_tier in (None, "auto"):
            variants = (v for v in listed.price_variants or () if v.constraint is None or v.constraint.active(at))
            during += [variant.prices for variant in variants if "service_tier" in variant.when]
        return Price(
            model,
            tuple(_rates(now, start) for start in _starts((now,))),
            _dearest(during, _INPUT_KEYS),
            _dearest(during, _OUTPUT_KEYS),
            "genai-prices",
            self._version,
            _pico(now, "requests_kcount", -1, _KCALL_PICO) or 0,
            listed.context_window,
        )


def _rates(listed: ModelPrice, start: int) -> Rates:
    def rate(otherwise: int, *keys: str) -> int:
        for key in keys:
            pico = _pico(listed, key, start)
            if pico is not None:
                return pico
        return otherwise

    inward = rate(0, "input_mtok")
    outward = rate(0, "output_mtok")
    write = rate(inward, "cache_write_5m_mtok", "cache_write_mtok")
    return Rates(
        input=inward,
        output=outward,
        cached=rate(inward, "cache_read_mtok"),
        cache_write=write,
        cache_write_1h=rate(write, "cache_write_1h_mtok"),
        input_audio=rate(inward, "input_audio_mtok"),
        reasoning=rate(outward, "output_reasoning_mtok"),
        output_audio=rate(outward, "output_audio_mtok"),
        input_image=rate(inward, "input_image_mtok"),
        output_image=rate(outward, "output_image_mtok"),
        over_input_tokens=start,
    )


def _starts(prices: Iterable[ModelPrice]) -> list[int]:
    """Return where tiers start, ascending; -1 is the base."""
    tiered = [rate for price in prices for rate in vars(price).values() if isinstance(rate, TieredPrices)]
    return sorted({-1, *(tier.start for rate in tiered for tier in rate.tiers)})


def _dearest(prices: list[ModelPrice], keys: tuple[str, ...]) -> int:
    starts = _starts(prices)
    return max((_pico(price, key, start) or 0 for price in prices for key in keys for start in starts), default=0)


def _pico(listed: ModelPrice, key: str, start: int, scale: int = _MTOK_PICO) -> int | None:
    """Return a rate in pico-dollars in the tier that begins above `start`, rounded up; None if it is not listed."""
    rate = getattr(listed, key)
    if rate is None:
        return None
    usd = rate
    if isinstance(rate, TieredPrices):
        usd = rate.base
        for tier in rate.tiers:
            if tier.start <= start:
                usd = tier.price
    return int((usd * scale).to_integral_value(ROUND_CEILING))
