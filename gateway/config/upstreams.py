"""Settings of upstreams (who is asked) and models (what clients ask for, and where it goes)."""

import urllib.parse
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .prices import PriceSettings, UsePriceSettings
from .values import Count, HeaderName, ModelName, Name, Secret, Settings

Kind = Literal["openai", "openai_compatible", "azure", "anthropic"]
DialectName = Literal[
    "openai_chat",
    "openai_responses",
    "openai_completions",
    "openai_embeddings",
    "openai_moderations",
    "anthropic_messages",
    "anthropic_count",
]
_BETAS = (
    "claude-code",
    "computer-use",
    "context-1m",
    "context-management",
    "effort",
    "extended-cache-ttl",
    "fine-grained-tool-streaming",
    "interleaved-thinking",
    "output-128k",
    "output-300k",
    "prompt-caching",
    "prompt-caching-scope",
    "structured-outputs",
    "token-counting",
    "token-efficient-tools",
    "tool-examples",
)
_BASE_URLS: dict[str, str] = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}


class TimeoutSettings(Settings):
    """How long each part of an exchange with an upstream may take."""

    connect_s: Annotated[float, Field(gt=0, le=120)] = Field(default=5, description="connection and TLS")
    first_byte_s: Annotated[float, Field(gt=0, le=3_600)] = Field(
        default=60, description="until the reply's first byte"
    )
    idle_s: Annotated[float, Field(gt=0, le=3_600)] = Field(default=60, description="between two pieces of a reply")
    total_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=600, description="from the first byte sent to the end"
    )


class CapabilitySettings(Settings):
    """What an upstream can do; a field left out is taken from the upstream's kind and model."""

    output_limit_field: Literal["max_completion_tokens", "max_tokens", "max_output_tokens"] | None = Field(
        default=None, description="the member that bounds the output"
    )
    reasoning: bool | None = Field(default=None, description="whether the model thinks before it answers")
    floor_tokens: Count | None = Field(default=None, description="lowest output we clamp down to")
    tokenizer: Literal["o200k", "cl100k", "other"] | None = Field(default=None, description="tokenizer family")
    usage_in_stream: bool | None = Field(
        default=None, description="whether `stream_options.include_usage` is understood"
    )
    ids: Literal["strong", "weak"] | None = Field(
        default=None, description="weak: its tool call ids are counters or short; clients get others"
    )
    output_tokens_max: Count | None = Field(default=None, description="most tokens the model puts out")
    input_tokens_max: Count | None = Field(default=None, description="the model's context")


class BreakerSettings(Settings):
    """When an upstream that fails is left alone, and for how long."""

    failures_max: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        default=5, description="failures in a row that open the breaker"
    )
    open_s: Annotated[float, Field(gt=0, le=3_600)] = Field(default=10, description="first pause before one probe")
    open_s_max: Annotated[float, Field(gt=0, le=86_400)] = Field(default=300, description="longest pause")


class UpstreamSettings(Settings):
    """One model server, or provider, and the credential to speak to it."""

    name: Name = Field(description="how models name it")
    kind: Kind = Field(description="which dialect it speaks and how it is authenticated")
    base_url: str = Field(default="", description="address up to and including `/v1`; known for openai and anthropic")
    api_version: Annotated[str, Field(pattern=r"^[0-9a-z-]{1,32}$")] | None = Field(
        default=None,
        description="azure: sent as `api-version`, and deployments have addresses of their own below a base_url ending "
        "in `/openai`; without it base_url ends in `/openai/v1`",
    )
    api_key: Secret | None = Field(default=None, description="credential; none for a server without keys")
    timeouts: TimeoutSettings = TimeoutSettings()
    connections_max: Annotated[int, Field(strict=True, ge=1, le=65_536)] = Field(
        default=512, description="connections at the same time"
    )
    client: Literal["pool", "aiohttp"] = Field(
        default="pool", description="what speaks HTTP to it: our own, or aiohttp"
    )
    private_addresses: bool = Field(default=False, description="allow loopback and private addresses, and plain http")
    dialects: Annotated[tuple[DialectName, ...], Field(min_length=1, max_length=7)] | None = Field(
        default=None, description="routes it serves, where they differ from what its kind does"
    )
    anthropic_betas: tuple[Name, ...] = Field(
        default=_BETAS,
        max_length=64,
        description="what clients may ask for in `anthropic-beta`, without dates",
    )
    deadline_header: HeaderName | None = Field(
        default=None, description="a header that tells it how many seconds are left of the call"
    )
    capability: CapabilitySettings = CapabilitySettings()
    breaker: BreakerSettings = BreakerSettings()

    @model_validator(mode="before")
    @classmethod
    def _known_address(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("base_url") and data.get("kind") in _BASE_URLS:
            return {**data, "base_url": _BASE_URLS[data["kind"]]}
        return data

    @model_validator(mode="after")
    def _address(self) -> Self:
        if not self.base_url:
            raise ValueError(f"base_url is needed for kind {self.kind}")
        url = urllib.parse.urlsplit(self.base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError("base_url must start with http:// or https:// and name a host")
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("base_url carries no user, password, query or fragment; the credential is `api_key`")
        if url.scheme == "http" and not self.private_addresses:
            raise ValueError(
                "base_url is plain http, which shows the credential to the network: use https, "
                "or set private_addresses: true for a server in your own network"
            )
        if self.api_version is not None and self.kind != "azure":
            raise ValueError(f"api_version is for kind azure, not {self.kind}")
        if self.timeouts.connect_s > self.timeouts.total_s:
            raise ValueError("timeouts.connect_s is longer than timeouts.total_s")
        return self


class TargetSettings(Settings):
    """One place a model is served."""

    upstream: Name = Field(description="an upstream's name")
    model: ModelName = Field(description="what the upstream calls the model (azure: the deployment)")
    capability: CapabilitySettings = Field(
        default=CapabilitySettings(), description="overrides the upstream's capability"
    )


class RetrySettings(Settings):
    """How often and how patiently a failed attempt is repeated; a `Retry-After` is honoured within the deadline."""

    attempts_max: Annotated[int, Field(strict=True, ge=1, le=10)] = Field(
        default=3, description="attempts a target, the first included"
    )
    base_s: Annotated[float, Field(gt=0, le=60)] = Field(default=0.2, description="first pause; doubles, with jitter")
    cap_s: Annotated[float, Field(gt=0, le=300)] = Field(default=8, description="longest pause")


class ModelSettings(Settings):
    """A name that clients ask for."""

    name: ModelName = Field(description="what clients ask for")
    targets: tuple[TargetSettings, ...] = Field(min_length=1, max_length=32, description="tried in order")
    fallbacks: tuple[ModelName, ...] = Field(
        default=(), max_length=16, description="models tried when all targets fail"
    )
    price: PriceSettings | None = Field(default=None, description="overrides the price package")
    usd_per_thousand_uses: UsePriceSettings = UsePriceSettings()
    stored_answer: Annotated[str, Field(min_length=1, max_length=16_384)] | None = Field(
        default=None, description="text that answers, labelled, when nothing else can"
    )
    retries: RetrySettings = RetrySettings()
