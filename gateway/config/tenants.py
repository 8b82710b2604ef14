"""Settings of tenants that the file declares; through the API they can be read only."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from .retention import Days
from .values import Count, Instant, ModelName, Name, Settings, Usd, Zone

Per = Literal["minute", "hour", "day", "week", "month", "total"]
ToolNames = Annotated[
    tuple[Annotated[str, StringConstraints(strict=True, min_length=1, max_length=128)], ...], Field(max_length=128)
]
"""Names of tools, or prefixes with `*`."""
RESERVED = frozenset({"house"})
"""Names no tenant may have: `house` is whose the admin's and the approvers' keys are."""


class CapSettings(Settings):
    """A ceiling in one window: dollars or tokens, one of the two."""

    usd: Usd | None = Field(default=None, description="dollars")
    tokens: Count | None = Field(default=None, description="tokens in and out")
    per: Per = Field(description="the window, in the tenant's time zone")
    soft: bool = Field(default=False, description="warn, do not refuse")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.usd is None) == (self.tokens is None):
            raise ValueError("a cap names either usd or tokens")
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
