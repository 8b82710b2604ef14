"""Settings of tenants that the file declares; through the API they can be read only."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from .retention import Days
from .values import Count, Instant, ModelName, Name, Settings, Usd, Zone

Per = Literal["call", "minute", "hour", "day", "week", "month", "total"]
CAPPED = ("usd", "tokens", "input_tokens", "output_tokens", "concurrency")
ToolNames = Annotated[
    tuple[Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)], ...], Field(max_length=128)
]
"""Names of tools, or prefixes with `*`."""
RESERVED = frozenset({"house"})
"""Names no tenant may have: `house` is whose the admin's and the approvers' keys are."""


class CapSettings(Settings):
    """A ceiling in one window, on one of these."""

    usd: Usd | None = Field(default=None, description="dollars")
    tokens: Count | None = Field(default=None, description="tokens in and out")
    input_tokens: Count | None = Field(default=None, description="tokens in")
    output_tokens: Count | None = Field(default=None, description="tokens out")
    concurrency: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = Field(
        default=None, description="calls that may cost something at one time; without `per`"
    )
    per: Per | None = Field(
        default=None,
        description="the window, in the tenant's time zone; `call`: each single call. Needed but for concurrency",
    )
    soft: bool = Field(default=False, description="warn, do not refuse")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        named = [name for name in CAPPED if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"a cap names one of {', '.join(CAPPED)}")
        if named == ["concurrency"]:
            if self.per is not None or self.soft:
                raise ValueError("a cap on concurrency is hard and has no `per`: it is how many at once")
        elif self.per is None:
            raise ValueError(f"a cap on {named[0]} says per what: {', '.join(get_args(Per))}")
        if self.soft and self.per == "call":
            raise ValueError("a cap a call is hard")
        return self


class KeySettings(Settings):
    """A key that the file declares by its hash: `tollhouse keys hash` prints it."""

    name: Name = Field(description="how the key is called in the book")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="hex SHA-256 of the whole key")
    profile: Name = Field(default="default", description="the key's policy")
    caps: tuple[CapSettings, ...] = Field(default=(), max_length=16, description="the key's own ceilings")
    models: tuple[ModelName, ...] | None = Field(
        default=None, max_length=1_024, description="narrows the profile's models"
    )
    tools: ToolNames | None = Field(default=None, description="narrows the profile's tools; `mail_*` is a prefix")
    expires: Instant | None = Field(default=None, description="no use from this instant on")


class TenantSettings(Settings):
    """Who pays."""

    name: Name = Field(description="the tenant's id")
    time_zone: Zone = Field(default="UTC", description="where its days and months begin")
    caps: tuple[CapSettings, ...] = Field(default=(), max_length=16, description="ceilings over all its keys")
    payload_days: Days | None = Field(default=None, description="days its contents are kept; none: as `retention` says")
    tools: ToolNames | None = Field(default=None, description="narrows the tools of all its keys' profiles")
    keys: tuple[KeySettings, ...] = Field(default=(), max_length=10_000, description="its keys")

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"the name {name} is reserved")
        return name
