"""Settings of tools: what the gateway calls itself (HTTP, an operation of an OpenAPI document), and local functions.

A local function runs at the client; here stands what may be done with it. Marks say what a tool does to the world:
what `writes` or `sends` is never cached, never answered from store, and repeated only if that is harmless.
"""

import ipaddress
import re
import urllib.parse
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from .rule import Rule
from .upstreams import BreakerSettings, RetrySettings
from .values import HeaderName, Reading, Secret, Settings, Size, Usd

ToolName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Label = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
_PARAMETER = re.compile(r"\{([A-Za-z0-9_.-]{1,64})\}")


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("write a network such as 10.1.0.0/16 or 127.0.0.0/8") from None


Network = Annotated[str, AfterValidator(_network)]


class ConfiguredTool(Settings):
    """One tool, what it may be asked for, and what it does to the world."""

    name: ToolName = Field(description="how models and clients name it")
    kind: Literal["http", "openapi", "local"] = Field(description="how it is called; `local` runs at the client")
    description: Annotated[str, Field(max_length=4_096)] = Field(default="", description="what it does, for models")
    parameters: dict[str, Any] | None = Field(
        default=None, description="JSON Schema 2020-12 of its arguments; none takes any object"
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(default="POST", description="of kind http")
    url: Annotated[str, Field(max_length=2_048)] = Field(
        default="", description="of kind http; `{name}` takes an argument. Of kind openapi: where the API is"
    )
    document: Path | None = Field(default=None, description="of kind openapi: its file, JSON or YAML")
    operation: Annotated[str, Field(max_length=256)] = Field(default="", description="of kind openapi: the operationId")
    headers: dict[HeaderName, Annotated[str, Field(max_length=1_024)]] | None = Field(
        default=None, max_length=32, description="sent with every call; a credential does not belong here"
    )
    credential: Secret | None = Field(default=None, description="what the tool asks for")
    credential_header: HeaderName = Field(default="authorization", description="`authorization` sends it as Bearer")
    deadline_s: Annotated[float, Field(gt=0, le=3_600)] = Field(
        default=30, description="for one call, retries included"
    )
    retries: RetrySettings = Field(default=RetrySettings(), description="only where a repetition is harmless")
    idempotent: bool = Field(default=False, description="called twice it does the same as called once")
    idempotency_header: HeaderName | None = Field(
        default=None, description="the tool understands a key in this header: then it may be repeated"
    )
    breaker: BreakerSettings = BreakerSettings()
    requests_per_minute: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = Field(
        default=None, description="calls a minute, for each tenant"
    )
    price_usd: Usd = Field(default=Decimal(0), description="what one call costs")
    cache_ttl_s: Annotated[float, Field(ge=0, le=2_592_000)] = Field(
        default=0, description="how long a result answers equal calls of the tenant; 0: never"
    )
    reply_bytes_max: Size = Field(default=1 << 20, description="a result, unpacked")
    connections_max: Annotated[int, Field(strict=True, ge=1, le=4_096)] = Field(
        default=64, description="connections at the same time"
    )
    fallback: ToolName | None = Field(default=None, description="the tool that stands in when this one fails, labelled")
    stored_answer: Annotated[str, Field(min_length=1, max_length=16_384)] | None = Field(
        default=None, description="the result, labelled, when nothing else can answer"
    )
    writes: bool = Field(default=False, description="it changes something")
    sends: bool = Field(default=False, description="it carries something to somebody")
    sensitive: bool = Field(default=False, description="needs approval once the run has read untrusted content")
    trusted: bool = Field(default=False, description="its results are not untrusted content")
    approval: Literal["always", "when", "never"] = Field(
        default="when", description="whether a person must say yes: always, when a rule or taint asks for it, never"
    )
    approval_when: tuple[Rule, ...] = Field(
        default=(), max_length=32, description="rules; one that holds, or cannot be judged, asks for approval"
    )
    approvers: Literal[1, 2] = Field(default=1, description="how many approvers must say yes; 2 are two different keys")
    rules: tuple[Rule, ...] = Field(
        default=(), max_length=32, description="what its arguments must keep to; else the call is refused"
    )
    private_networks: tuple[Network, ...] = Field(
        default=(), max_length=64, description="private networks it may be reached in, as 10.1.0.0/16"
    )
    restore: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        default=(), max_length=64, description="arguments in which placeholders become values again"
    )
    touches: tuple[Label, ...] = Field(default=(), max_length=16, description="the data that it touches, for the book")

    @field_validator("document")
    @classmethod
    def _beside_the_file(cls, document: Path | None, info: ValidationInfo) -> Path | None:
        base = info.context.folder if isinstance(info.context, Reading) else Path.cwd()
        return None if document is None else Path(base, document).absolute()

    @property
    def has_side_effects(self) -> bool:
        """Whether it changes or sends something."""
        return self.writes or self.sends

    @property
    def repeatable(self) -> bool:
        """Whether a call whose outcome is unknown may be made again."""
        safe = self.kind == "http" and self.method == "GET" and not self.has_side_effects
        return safe or self.idempotent or self.idempotency_header is not None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "local":
            if self.url or self.document or self.credential or self.price_usd or self.fallback or self.stored_answer:
                raise ValueError(
                    "a local tool runs at the client: it has no url, credential, price, fallback or answer"
                )
            return self
        if self.kind == "openapi" and not (self.document and self.operation):
            raise ValueError("a tool of kind openapi names its document and its operation")
        url = urllib.parse.urlsplit(self.url)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.password or url.fragment:
            raise ValueError("url must start with http:// or https://, name a host, and carry no user or fragment")
        if url.scheme == "http" and not self.private_networks:
            raise ValueError("url is plain http: use https, or name the private_networks that the tool is in")
        if _PARAMETER.search(url.netloc):
            raise ValueError("url takes no argument in its host: a model would choose where to connect")
        if self.fallback == self.name:
            raise ValueError("a tool cannot be its own fallback")
        return self

    @model_validator(mode="after")
    def _effects(self) -> Self:
        if self.has_side_effects and (self.cache_ttl_s or self.stored_answer or self.fallback):
            raise ValueError("a tool that writes or sends is not cached, stored or replaced: nobody did what was asked")
        return self
