"""What the admin API takes and gives, as pydantic models: the API's page is made of them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..config.tenants import CapSettings
from ..config.values import Instant, ModelName, Name, Zone

Caps = Annotated[tuple[CapSettings, ...], Field(max_length=16)]


class Shape(BaseModel):
    """A frozen shape that refuses members it does not know, and never quotes what it refuses."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NewTenant(Shape):
    """A tenant to make."""

    id: Name = Field(description="its name for ever; in the book, in metrics of the ledger, in this API")
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(default=None, description="for people")
    time_zone: Zone = Field(default="UTC", description="where its days and months begin")
    caps: Caps = Field(default=(), description="ceilings over all its keys")


class NewCaps(Shape):
    """A tenant's caps; they replace the ones it has."""

    caps: Caps = Field(description="ceilings over all its keys; an empty list takes all away")


class TenantState(Shape):
    """Whether a tenant's keys are taken."""

    disabled: bool


class NewKey(Shape):
    """A key to make. Keys of administrators and approvers belong to no tenant."""

    tenant: Name | None = Field(default=None, description="who pays; needed for role client")
    name: Name = Field(description="how the key is called")
    profile: Name = Field(default="default", description="its policy")
    role: Literal["client", "admin", "approver"] = "client"
    caps: Caps = Field(default=(), description="the key's own ceilings")
    models: Annotated[tuple[ModelName, ...], Field(max_length=1_024)] | None = Field(
        default=None, description="narrows the profile's models"
    )
    expires: Instant | None = Field(default=None, description="no use from this instant on")


class CapFigures(Shape):
    """A cap and what is used of it in its present window; money in nano-dollars."""

    cap: str = Field(description="dimension/window/hard or soft/limit")
    limit: int
    settled: int
    held: int


class TenantShown(Shape):
    """A tenant as it stands."""

    id: str
    name: str
    time_zone: str
    caps: tuple[CapFigures, ...]
    disabled: bool
    declared: bool = Field(description="stands in the file, and cannot be changed here")
    spent_nano_usd: int = Field(description="settled since the beginning")


class KeyShown(Shape):
    """A key as it stands, without its text."""

    id: str
    name: str
    tenant: str
    profile: str
    role: str
    caps: tuple[CapFigures, ...]
    models: tuple[str, ...] | None
    expires_us: int | None = Field(description="µs since 1970 UTC")
    revoked: bool
    declared: bool


class KeyMade(Shape):
    """A new key; `secret` is shown this once."""

    key: KeyShown
    secret: str


class RunShown(Shape):
    """A run as it stands; money in nano-dollars, instants in µs since 1970 UTC."""

    id: str
    tenant: str
    key: str
    parent: str | None
    profile: str
    status: str = Field(description="open, ended, killed or expired; a run whose ancestor is over is over too")
    opened_us: int
    expires_us: int
    limits: dict[str, int]
    used: dict[str, int]


class Erasure(Shape):
    """What is to be destroyed."""

    tenant: Name
    subject: Annotated[str, Field(min_length=1, max_length=1_024)] | None = Field(
        default=None, description="a person, as callers name them (x-tollhouse-subject); else the whole tenant"
    )
    reason: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        default="request", description="for the book; without personal data"
    )


class Erased(Shape):
    """What was destroyed is told by this record of the book."""

    record: int


class Hold(Shape):
    """Whether a tenant is under legal hold."""

    on: bool


class HoldShown(Shape):
    """A tenant's legal hold; None: it is not under one."""

    tenant: str
    since_us: int | None = Field(description="µs since 1970 UTC")


class Tenants(Shape):
    """All tenants."""

    tenants: tuple[TenantShown, ...]


class Keys(Shape):
    """Keys by id."""

    keys: tuple[KeyShown, ...]


class Runs(Shape):
    """Runs, latest first; `more` says that there are others after the last."""

    runs: tuple[RunShown, ...]
    more: bool


class ToolShown(Shape):
    """A tool as it stands; figures since the gateway's start, times in milliseconds, money in nano-dollars."""

    name: str
    kind: str
    tenants: tuple[str, ...] = Field(description="whose keys may call it")
    calls: int
    errors: int = Field(description="calls that ended in a refusal or failure")
    mean_ms: float
    breaker: str = Field(description="closed, open or half-open; empty for what runs at the client")
    spent_nano_usd: int


class Tools(Shape):
    """All configured tools."""

    tools: tuple[ToolShown, ...]


class Health(Shape):
    """Whether calls are taken, and why not."""

    status: Literal["ok", "unready"]
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class ErrorBody(BaseModel):
    """An error, in OpenAI's form."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorShape(BaseModel):
    """What every refusal and failure looks like."""

    error: ErrorBody
