"""`/admin/prices`: what each model costs here, where the price comes from, and what an override changes."""

from fastapi import APIRouter

from limits.money import nano_to_usd, pico_to_nano

from ..errors import ModelNotFound
from ..tariff import Tariff, Tariffs, rates_told, uses_told
from .actor import WHO
from .parts import Parts
from .shapes_prices import Difference, Prices, PriceShown, TierShown


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/prices", tags=["prices"], dependencies=[WHO])
    tariffs = Tariffs(parts.config, parts.clock)

    @router.get("")
    async def list_prices() -> Prices:
        """Return the price of every model at each of its targets."""
        return Prices(prices=tuple(_shown(tariff) for tariff in tariffs.all()))

    @router.get("/{model:path}")
    async def show_price(model: str) -> Prices:
        """Return the prices of one model."""
        found = tariffs.of(model)
        if not found:
            raise ModelNotFound("there is no such model in the configuration", param="model")
        return Prices(prices=tuple(_shown(tariff) for tariff in found))

    return router


def _shown(tariff: Tariff) -> PriceShown:
    price = tariff.price
    tiers = [
        TierShown(over_input_tokens=max(0, tier.over_input_tokens), usd_per_million=rates_told(tier))
        for tier in (() if price is None else price.tiers)
    ]
    return PriceShown(
        model=tariff.model,
        target=tariff.target,
        source="" if price is None else price.source,
        version="" if price is None else price.version,
        overridden=tariff.overridden,
        tiers=tuple(tiers),
        service_tiers={name: rates_told(each.tiers[0]) for name, each in tariff.service_tiers.items()},
        usd_per_call="0.00" if price is None else nano_to_usd(pico_to_nano(price.call_pico)),
        usd_per_thousand_uses={} if price is None else uses_told(price),
        package_version=None if tariff.listed is None else tariff.listed.version,
        differences=tuple(Difference(rate=rate, package=was, override=now) for rate, was, now in tariff.differences()),
    )
