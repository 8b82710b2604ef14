"""What a call shows: key (who speaks), tenant (who pays), run (one agent task). Frozen: a change makes new ones."""

from dataclasses import dataclass
from typing import Literal, get_args

from limits.accounts import Cap
from limits.runs import RunLimits

from .guarding import matches
from .profile import Profile

Role = Literal["client", "admin", "approver", "run"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who pays. `declared` ones stand in the file and cannot be changed through the API; `tools` narrows profiles."""

    id: str
    name: str
    time_zone: str = "UTC"
    caps: tuple[Cap, ...] = ()
    disabled: bool = False
    declared: bool = False
    tools: tuple[str, ...] | None = None

    @property
    def scope(self) -> str:
        """The ledger's name for it."""
        return f"tenant:{self.id}"


HOUSE = Tenant("house", "Tollhouse itself")
"""Whose the keys of administrators and approvers are: they can neither call models nor spend."""


@dataclass(frozen=True, slots=True)
class Key:
    """Who speaks. `models` and `tools` narrow the profile's; `run_id` is set on a run's key, which speaks for `id`."""

    id: str
    name: str
    tenant: Tenant
    profile: Profile
    role: Role = "client"
    caps: tuple[Cap, ...] = ()
    models: frozenset[str] | None = None
    expires_us: int | None = None
    revoked: bool = False
    run_id: str | None = None
    declared: bool = False
    tools: tuple[str, ...] | None = None

    @property
    def scope(self) -> str:
        """The ledger's name for it."""
        return f"key:{self.id}"

    def allows_model(self, model: str) -> bool:
        """Tell whether this key may use a model."""
        return (self.models is None or model in self.models) and self.profile.allows_model(model)

    def forbids_tool(self, tool: str) -> str:
        """Return whose list does not name a tool, the tenant's, the key's or the profile's; "" if it is allowed."""
        if self.tenant.tools is not None and not matches(self.tenant.tools, tool):
            return f"tenant {self.tenant.id}"
        if self.tools is not None and not matches(self.tools, tool):
            return f"key {self.name}"
        return "" if self.profile.allows_tool(tool) else f"profile {self.profile.name}"

    def usable(self, now_us: int) -> bool:
        """Tell whether it opens anything at this instant (µs UTC)."""
        return not (self.revoked or self.tenant.disabled or (self.expires_us is not None and now_us >= self.expires_us))


@dataclass(frozen=True, slots=True)
class Run:
    """One agent task. `path` names its ancestors from the root down to itself; instants are µs UTC.

    `origin`: a client declared it, or it is inferred from an id that came back.
    `status` is its own: a run whose ancestor has ended has ended too (`Directory.why_ended`). Each list of `tools` must
    name a tool that it calls: its ancestors' and its own; so must `plan`, which it may change as it goes on.
    """

    id: str
    tenant_id: str
    key_id: str
    parent: str | None
    path: tuple[str, ...]
    limits: RunLimits
    opened_us: int
    expires_us: int
    status: Literal["open", "ended", "killed"]
    profile: Profile
    origin: Literal["declared", "inferred"] = "declared"
    tools: tuple[tuple[str, ...], ...] = ()
    plan: tuple[str, ...] | None = None

    @property
    def scope(self) -> str:
        """The ledger's name for it."""
        return f"run:{self.id}"

    def forbids_tool(self, tool: str) -> str:
        """Return which of its lists does not name a tool; "" if it is allowed."""
        for named in self.tools:
            if not matches(named, tool):
                return "run"
        return "plan" if self.plan is not None and not matches(self.plan, tool) else ""
