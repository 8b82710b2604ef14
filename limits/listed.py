"""The table of prices bundled with `genai-prices`, read into our `Price`s; no network.

It takes a quarter of a second and 30 MB, so `pricelist` imports this file when a price is asked for that the
configuration does not name. A price's bound also covers what could become true during a call: rates by time of day, and
a price change that begins tomorrow. Rates finer than a pico-dollar are rounded up.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from .prices import Price, PriceUnknown, Rates

_MTOK_PICO = 1_000_000
_KCALL_PICO = 1_000_000_000
_USE_KEYS = {
    "web_search": "web_searches_kcount",
    "file_search": "storage_searches_kcount",
    "code_execution": "code_executions_kcount",
}
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


class Listed:
    """The table, read when this is made."""

    def __init__(self) -> None:
        self.table = get_snapshot()
        self._version = genai_prices.__version__

    def price(self, model: str, provider: str | None, service_tier: str | None, now_us: int) -> Price:
        """Return the price of a model at a moment. PriceUnknown when nobody lists it, or in units other than tokens."""
        try:
            _, listed = self.table.find_provider_model(model, None, provider, None)
        except LookupError:
            raise PriceUnknown(f"no price is known for model {model!r}; set one in the configuration") from None
        return self._read(model, listed, now_us, service_tier)

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
            _uses(during),
        )


def _uses(during: list[ModelPrice]) -> dict[str, int]:
    """Return the dearest listed price of a use of each tool at the provider, by kind."""
    found = {kind: [_pico(price, key, -1, _KCALL_PICO) for price in during] for kind, key in _USE_KEYS.items()}
    return {kind: max(pico or 0 for pico in listed) for kind, listed in found.items() if any(listed)}


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
