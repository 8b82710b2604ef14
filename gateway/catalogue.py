"""The models clients may ask for, and the targets they are served at: built once from the configuration."""

import asyncio
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from limits.backoff import Backoff
from limits.bound import FAMILIES, Family, family_of
from limits.breaker import Breaker, BreakerPolicy
from limits.clock import Clock
from limits.pricelist import PriceList
from limits.prices import Price, PriceUnknown

from .call import Attempt
from .config import Config
from .config.prices import override_of, uses_of
from .config.upstreams import ModelSettings, TargetSettings, UpstreamSettings
from .dialects.strict import encode
from .errors import PriceUnknown as PriceUnknownRefusal
from .upstream.egress import Egress
from .upstream.interface import Timeouts, Upstream, UpstreamReply, UpstreamRequest
from .upstream.pool import PoolUpstream
from .upstream.target import PATHS, SPEAKS, Capability, Credential, Target, capability_of

_FAMILIES = {"o200k": "o200k_base", "cl100k": "cl100k_base", "other": "other"}
PRICED_AS = {"openai": "openai", "azure": "azure", "anthropic": "anthropic"}
_KINDS = {"azure": "azure_openai"}
_CREDENTIALS: dict[str, Credential] = {"azure": "api-key", "anthropic": "x-api-key"}
_ANY_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "::1/128", "fc00::/7")


@dataclass(frozen=True, slots=True)
class Offer:
    """A target with all that the house knows of it; what an attempt goes to. `name` is `upstream/model`."""

    name: str
    target: Target
    headers: list[tuple[str, str]] = field(repr=False)
    timeouts: Timeouts
    family: Family
    client: Upstream
    breaker: Breaker
    prices: PriceList
    overrides: Mapping[str, Price] | None
    priced_as: str | None
    per_call: bool = False
    reply_bytes_max: int = 1 << 30
    deadline_header: str | None = None
    uses: Mapping[str, int] = field(default_factory=dict)

    def request(self, attempt: Attempt) -> UpstreamRequest:
        """Return the attempt as the upstream gets it."""
        dialect = attempt.call.dialect
        asked = dialect.headers(attempt.call.caller.headers, self.target.betas)
        if self.deadline_header is not None:
            left_s = max(0.0, attempt.call.deadline_s - asyncio.get_running_loop().time())
            asked = [*asked, (self.deadline_header, f"{left_s:.3f}")]
        return UpstreamRequest(
            "POST",
            self.target.url_of(dialect.name),
            [*self.headers, *asked] if asked else self.headers,
            encode(attempt.request.tree),
            self.timeouts,
            attempt.call.tenant.id,
        )

    def takes(self, status: int) -> bool:  # noqa: ARG002
        """Whether an error's status is an answer nevertheless: never, for a model."""
        return False

    def read(self, attempt: Attempt, reply: UpstreamReply, body: bytes) -> bytes:  # noqa: ARG002
        """Return a plain reply's body as the dialect reads it."""
        return body

    @property
    def capability(self) -> Capability:
        """What the target can do."""
        return self.target.capability

    def price(self, tier: str | None = None) -> Price:
        """Return the price now in force at a service tier (None: the dearest bounds it); PriceUnknown, a refusal."""
        if self.overrides is not None:
            return self.overrides.get(tier or "", self.overrides[""])
        try:
            price = self.prices.price(self.target.model, self.priced_as, tier)
            return replace(price, uses={**price.uses, **self.uses}) if self.uses else price
        except PriceUnknown:
            raise PriceUnknownRefusal(
                f"no price is known for {self.name}; set models[].price in the configuration", param="model"
            ) from None


@dataclass(frozen=True, slots=True)
class Model:
    """A name that clients ask for; `fallbacks` are names of other models."""

    name: str
    targets: tuple[Offer, ...]
    fallbacks: tuple[str, ...]
    stored_answer: str | None
    backoff: Backoff
    repeatable: bool = True
    deadline_s: float | None = None
    cache_ttl_s: float | None = None
    requests_per_minute: int | None = None

    @property
    def label(self) -> str:
        """Its name in metrics."""
        return self.name

    def speaks(self, dialect: str) -> bool:
        """Whether one of the model's own targets speaks a dialect."""
        return any(dialect in target.target.dialects for target in self.targets)

    @property
    def routes(self) -> list[str]:
        """The routes that the model is served at."""
        return [f"/v1{path}" for dialect, path in PATHS.items() if self.speaks(dialect)]


class Catalogue(Mapping[str, Model]):
    """Models by name. It owns the upstream clients: close it at the end."""

    def __init__(self, config: Config, clock: Clock, chance: Random) -> None:
        self._clock = clock
        self._chance = chance
        self._prices = PriceList(clock)
        self._upstreams = {upstream.name: upstream for upstream in config.upstreams}
        self._clients: dict[str, Upstream] = {name: _client(upstream) for name, upstream in self._upstreams.items()}
        self._breakers: dict[tuple[str, ...], Breaker] = {}
        self._models = {model.name: self._model(model) for model in config.models}
        if any(target.overrides is None for model in self._models.values() for target in model.targets):
            self._prices.load()  # now, not under the first call

    def _model(self, settings: ModelSettings) -> Model:
        uses = uses_of(settings.usd_per_thousand_uses)
        overrides = None if settings.price is None else override_of(settings.price).prices(settings.name)
        if overrides is not None:
            overrides = {tier: replace(price, uses=uses) for tier, price in overrides.items()}
        return Model(
            settings.name,
            tuple(self._offer(target, overrides, uses) for target in settings.targets),
            settings.fallbacks,
            settings.stored_answer,
            Backoff(
                retries_max=settings.retries.attempts_max - 1,
                first_s=settings.retries.base_s,
                wait_s_max=settings.retries.cap_s,
            ),
        )

    def _offer(self, settings: TargetSettings, overrides: Mapping[str, Price] | None, uses: Mapping[str, int]) -> Offer:
        upstream = self._upstreams[settings.upstream]
        target = Target(
            upstream=upstream.name,
            base_url=upstream.base_url,
            model=settings.model,
            dialects=SPEAKS[upstream.kind] if upstream.dialects is None else upstream.dialects,
            api_version=upstream.api_version,
            betas=upstream.anthropic_betas,
            credential="" if upstream.api_key is None else upstream.api_key.source,
            secret="" if upstream.api_key is None else upstream.api_key.reveal(),
            credential_header=_CREDENTIALS.get(upstream.kind, "bearer"),
            headers=(("user-agent", "tollhouse"),),
            capability=_capability(upstream, settings),
        )
        family = family_of(settings.model)
        if target.capability.tokenizer in _FAMILIES:
            family = FAMILIES[_FAMILIES[target.capability.tokenizer]]
        times = upstream.timeouts
        return Offer(
            name=f"{upstream.name}/{settings.model}",
            target=target,
            headers=target.request_headers(),
            timeouts=Timeouts(times.connect_s, times.first_byte_s, times.idle_s, times.total_s),
            family=family,
            client=self._clients[upstream.name],
            breaker=self._breaker(upstream, target),
            prices=self._prices,
            overrides=overrides,
            priced_as=PRICED_AS.get(upstream.kind),
            deadline_header=upstream.deadline_header,
            uses=uses,
        )

    def _breaker(self, upstream: UpstreamSettings, target: Target) -> Breaker:
        key = target.breaker_key
        if key not in self._breakers:
            settings = upstream.breaker
            policy = BreakerPolicy(settings.failures_max, settings.open_s, settings.open_s_max)
            self._breakers[key] = Breaker("/".join(key[:2]), self._clock, policy, self._chance)
        return self._breakers[key]

    def breakers(self) -> Sequence[Breaker]:
        """Return every breaker there is: `UPSTREAM/MODEL`, one for each credential, which an upstream has one of."""
        return list(self._breakers.values())

    def __getitem__(self, name: str) -> Model:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    async def close(self) -> None:
        """Close all connections to upstreams."""
        for client in self._clients.values():
            await client.close()


def _client(upstream: UpstreamSettings) -> Upstream:
    egress = Egress(_ANY_PRIVATE if upstream.private_addresses else ())
    if upstream.client == "aiohttp":
        # Not an import at the top: it takes a tenth of a second and 10 MB, which the pool does without.
        other = importlib.import_module("gateway.upstream.aiohttp_client")
        client: Upstream = other.AiohttpUpstream(egress=egress, connections_max=upstream.connections_max)
        return client
    return PoolUpstream(egress=egress, connections_max=upstream.connections_max)


def _capability(upstream: UpstreamSettings, target: TargetSettings) -> Capability:
    found = capability_of(_KINDS.get(upstream.kind, upstream.kind), target.model)
    for settings in (upstream.capability, target.capability):
        said = {name: value for name, value in settings.model_dump().items() if value is not None}
        if "floor_tokens" in said:
            said["floor"] = said.pop("floor_tokens")
        found = replace(found, **said)
    return found
