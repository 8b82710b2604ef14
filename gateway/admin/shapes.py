"""What the admin API takes and gives, as pydantic models: the API's page is made of them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..config.tenants import CapSettings, ToolNames
from ..config.values import Instant, ModelName, Name, Usd, Zone

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
    tools: ToolNames | None = Field(default=None, description="narrows the tools of all its keys' profiles")


class NewCaps(Shape):
    """Caps of a tenant or key."""

    caps: Caps = Field(description="ceilings; where they replace the present ones, an empty list takes all away")


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
    tools: ToolNames | None = Field(default=None, description="narrows the profile's tools; `mail_*` is a prefix")
    expires: Instant | None = Field(default=None, description="no use from this instant on")


class CapFigures(Shape):
    """A cap and what is used of it in its present window; money in nano-dollars."""

    cap: str = Field(description="dimension/window/hard or soft/limit")
    limit: int
    settled: int
    held: int
    ends_us: int | None = Field(description="when it begins anew, µs since 1970 UTC; none: never")


class TenantShown(Shape):
    """A tenant as it stands."""

    id: str
    name: str
    time_zone: str
    caps: tuple[CapFigures, ...]
    tools: tuple[str, ...] | None
    disabled: bool
    stopped: bool = Field(description="its kill switch is on")
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
    tools: tuple[str, ...] | None
    expires_us: int | None = Field(description="µs since 1970 UTC")
    revoked: bool
    stopped: bool = Field(description="its kill switch is on")
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
    origin: str = Field(description="declared by a client, or inferred from an id that came back")
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


class ChargeShown(Shape):
    """A charge that is not simply the bill; money in nano-dollars."""

    id: str = Field(description="of its hold")
    mark: str = Field(description="overrun, implausible, counted, uncertain or expired")
    at_us: int = Field(description="when it was reserved, µs since 1970 UTC; it counts in that window")
    tenant: str | None
    key: str | None
    run: str | None
    charged_nano_usd: int
    held_nano_usd: int
    reported_nano_usd: int = Field(description="what an implausible report would cost; else 0")
    input_tokens: int
    output_tokens: int
    suspends: str = Field(description="target and tokenizer that are out of use until this is decided; else empty")


class Charges(Shape):
    """What waits for a decision, latest first; `sums` and `numbers` are of all there ever were, by mark."""

    charges: tuple[ChargeShown, ...]
    more: bool
    sums: dict[str, int] = Field(description="nano-dollars")
    numbers: dict[str, int]
    suspended: dict[str, str] = Field(description="what is out of use, and the charge that did it")


_Reason = Annotated[str, Field(min_length=1, max_length=200)]


class Confirmation(Shape):
    """A charge is right as it is."""

    reason: _Reason = Field(default="confirmed by an operator", description="for the book; without personal data")


class Refund(Shape):
    """A charge was too high, or too low."""

    cost_usd: Usd = Field(default=Decimal(0), description="what it really cost")
    reason: _Reason = Field(default="refunded by an operator", description="for the book; without personal data")


class ChargeDecided(Shape):
    """What was decided; `already` says that it had been before, and nothing was changed."""

    id: str
    decision: Literal["confirmed", "refunded"]
    refunded_nano_usd: int
    already: bool


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
