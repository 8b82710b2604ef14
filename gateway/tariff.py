"""The prices in force, told: each model's rates at its targets, where they come from, and what an override changes.

Rates are told as dollars per million tokens, as text: `limits.prices` keeps pico-dollars a token.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from limits.clock import Clock
from limits.pricelist import PriceList
from limits.prices import Price, PriceUnknown, Rates

from .catalogue import PRICED_AS
from .config import Config
from .config.prices import override_of, uses_of
from .config.upstreams import ModelSettings, TargetSettings

KINDS = tuple(each.name for each in fields(Rates) if each.name != "over_input_tokens")
_PICO_PER_USD_PER_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of one model at one of its targets. `price` None: nobody knows one, and calls are refused.

    `listed` is the package's price of the same model where an override stands before it; None if it lists none.
    `service_tiers` are the override's prices of calls served otherwise than standard.
    """

    model: str
    target: str
    price: Price | None
    overridden: bool
    listed: Price | None
    service_tiers: dict[str, Price]

    def differences(self) -> list[tuple[str, str, str]]:
        """Return what an override changes: rate, package's dollars per million tokens, the override's."""
        if not self.overridden or self.price is None or self.listed is None:
            return []
        ours, theirs = _spelt(self.price), _spelt(self.listed)
        return [
            (name, theirs.get(name, "none"), ours.get(name, "none"))
            for name in dict.fromkeys((*theirs, *ours))
            if theirs.get(name) != ours.get(name)
        ]


class Tariffs:
    """The tariffs of a configuration."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._upstreams = {upstream.name: upstream.kind for upstream in config.upstreams}
        self._prices = PriceList(clock)

    def all(self) -> Iterator[Tariff]:
        """Yield the tariffs of every model, target by target, in the file's order."""
        for model in self._config.models:
            for target in model.targets:
                yield self._tariff(model, target)

    def of(self, name: str) -> list[Tariff]:
        """Return the tariffs of one model, by the name that clients use; none if there is no such model."""
        return [tariff for tariff in self.all() if tariff.model == name]

    def _tariff(self, model: ModelSettings, target: TargetSettings) -> Tariff:
        try:
            provider = PRICED_AS.get(self._upstreams.get(target.upstream, ""))
            listed = self._prices.price(target.model, provider)
        except PriceUnknown:
            listed = None
        name, uses = f"{target.upstream}/{target.model}", uses_of(model.usd_per_thousand_uses)
        if model.price is None:
            price = None if listed is None else replace(listed, uses={**listed.uses, **uses})
            return Tariff(model.name, name, price, overridden=False, listed=listed, service_tiers={})
        own = {tier: replace(each, uses=uses) for tier, each in override_of(model.price).prices(model.name).items()}
        return Tariff(model.name, name, own.pop(""), overridden=True, listed=listed, service_tiers=own)


def rates_told(rates: Rates) -> dict[str, str]:
    """Return rates as dollars per million tokens, by kind."""
    return {kind: usd(getattr(rates, kind)) for kind in KINDS}


def uses_told(price: Price) -> dict[str, str]:
    """Return what tools that run at the provider cost, as dollars per thousand uses, by kind."""
    return {kind: usd(pico // 1_000) for kind, pico in price.uses.items()}


def usd(pico: int) -> str:
    """Write pico-dollars a token as dollars per million tokens."""
    whole, part = divmod(pico, _PICO_PER_USD_PER_MILLION)
    return f"{whole}.{f'{part:06d}'.rstrip('0').ljust(2, '0')}"


def _spelt(price: Price) -> dict[str, str]:
    """Return a price flat: `input`, `input over 200000 tokens`, …, `thousand calls`."""
    flat: dict[str, str] = {}
    for tier in price.tiers:
        over = "" if tier.over_input_tokens < 0 else f" over {tier.over_input_tokens} tokens"
        flat |= {f"{kind}{over}": told for kind, told in rates_told(tier).items()}
    return flat | {"thousand calls": usd(price.call_pico // 1_000)}
