"""The whole configuration: one frozen tree, and the checks that need more than one part of it."""

import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from .anchors import AnchorSettings
from .approvals import ApprovalSettings
from .delivery import DeliverySettings
from .mcp import McpServer
from .profiles import BUILT_IN, ProfileSettings, with_built_in
from .retention import RetentionSettings
from .shared import SharedSettings
from .tenants import TenantSettings
from .tools import ConfiguredTool
from .traces import TraceSettings
from .upstreams import ModelSettings, UpstreamSettings
from .values import Port, Reading, Secret, Settings, Size


class ListenSettings(Settings):
    """Where clients connect."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = Field(
        default="127.0.0.1", description="address or name"
    )
    port: Port = Field(default=4000, description="0 lets the system choose")


class AdminSettings(Settings):
    """Where operators connect, if not to the clients' port."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = Field(
        default="127.0.0.1", description="address or name"
    )
    port: Port = Field(default=4001, description="0 lets the system choose")


class BoundSettings(Settings):
    """Bounds on everything that a client or an upstream decides the size of."""

    body_bytes_max: Size = Field(default=8 << 20, description="a request's body, unpacked")
    body_read_s_max: Annotated[float, Field(gt=0, le=3_600)] = Field(default=30, description="until a body has come in")
    depth_max: Annotated[int, Field(strict=True, ge=4, le=512)] = Field(default=64, description="nesting of JSON")
    header_bytes_max: Size = Field(default=64 << 10, description="a request's head")
    headers_max: Annotated[int, Field(strict=True, ge=8, le=1_024)] = Field(default=128, description="header lines")
    header_read_s_max: Annotated[float, Field(gt=0, le=300)] = Field(default=10, description="until a head has come in")
    reply_bytes_max: Size = Field(default=32 << 20, description="an upstream's plain reply, unpacked")
    event_bytes_max: Size = Field(default=1 << 20, description="one event of a stream")
    stream_s_max: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=3_600, description="a stream's length in time"
    )
    calls_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = Field(
        default=4_096, description="calls at one time"
    )
    tenant_calls_max: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = Field(
        default=None, description="of these one tenant's at one time, so that none takes all; none: half of them"
    )
    runs_max: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] = Field(
        default=1_000_000, description="runs that have not expired, in memory"
    )
    shutdown_grace_s: Annotated[float, Field(ge=0, le=3_600)] = Field(
        default=20, description="for calls to end at shutdown"
    )

    @property
    def tenant_share(self) -> int:
        """How many calls one tenant may have under way."""
        return max(1, self.calls_max // 2) if self.tenant_calls_max is None else self.tenant_calls_max


class Config(Settings):
    """What `tollhouse.yaml` says, with defaults filled in; `folder` is absolute."""

    listen: ListenSettings = ListenSettings()
    admin: AdminSettings | None = Field(default=None, description="a port of its own for the admin API")
    folder: Path = Field(
        default=Path("tollhouse-data"),
        validate_default=True,
        description="book, state and signing key; beside the file",
    )
    shared: SharedSettings | None = Field(
        default=None, description="servers that several processes share; without, one process and its folder"
    )
    master_key: Secret | None = Field(
        default=None, description="encrypts payloads and signs run keys; else a file is made beside the folder"
    )
    upstreams: tuple[UpstreamSettings, ...] = Field(default=(), max_length=256, description="model servers")
    models: tuple[ModelSettings, ...] = Field(default=(), max_length=4_096, description="what clients may ask for")
    tools: tuple[ConfiguredTool, ...] = Field(default=(), max_length=1_024, description="what agents may call")
    mcp: tuple[McpServer, ...] = Field(default=(), max_length=256, description="MCP servers that agents may reach")
    approvals: ApprovalSettings = ApprovalSettings()
    profiles: tuple[ProfileSettings, ...] = Field(
        default=(), max_length=256, validate_default=True, description="policies"
    )
    tenants: tuple[TenantSettings, ...] = Field(
        default=(), max_length=10_000, description="declared tenants, read-only"
    )
    anchors: tuple[AnchorSettings, ...] = Field(
        default=(), max_length=16, description="the book's checkpoints, elsewhere"
    )
    delivery: tuple[DeliverySettings, ...] = Field(default=(), max_length=16, description="receivers of records")
    retention: RetentionSettings = RetentionSettings()
    traces: TraceSettings = TraceSettings()
    bounds: BoundSettings = BoundSettings()

    @field_validator("folder")
    @classmethod
    def _beside_the_file(cls, folder: Path, info: ValidationInfo) -> Path:
        base = info.context.folder if isinstance(info.context, Reading) else Path.cwd()
        return Path(base, folder).absolute()

    @field_validator("profiles", mode="before")
    @classmethod
    def _built_in(cls, profiles: object) -> object:
        if not isinstance(profiles, list | tuple):
            return profiles
        laid = [with_built_in(profile) if isinstance(profile, dict) else profile for profile in profiles]
        named = {
            profile["name"] if isinstance(profile, dict) else profile.name
            for profile in laid
            if isinstance(profile, ProfileSettings) or (isinstance(profile, dict) and "name" in profile)
        }
        return [*laid, *({"name": name, **BUILT_IN[name]} for name in BUILT_IN if name not in named)]

    @property
    def master_key_path(self) -> Path:
        """Where a master key is kept when none is configured: beside the data folder, never in it."""
        return self.folder.with_name(self.folder.name + ".master.key")

    @property
    def admin_socket(self) -> Path:
        """The unix socket on which the owner of the folder takes commands."""
        return self.folder / "admin.sock"


def complaints(config: Config) -> list[str]:
    """Return what is wrong between the parts, as `place: sentence`; empty if nothing is."""
    return [*_references(config), *_tools(config), *_tenants(config), *_listeners(config)]


def _references(config: Config) -> Iterator[str]:
    yield from _repeated("upstreams", (upstream.name for upstream in config.upstreams))
    yield from _repeated("models", (model.name for model in config.models))
    yield from _repeated("profiles", (profile.name for profile in config.profiles))
    yield from _repeated("delivery", (receiver.name for receiver in config.delivery))
    yield from _repeated("anchors", (anchor.name for anchor in config.anchors))
    yield from (
        f"anchors[{at}].file: it lies in the folder that it is to vouch for"
        for at, anchor in enumerate(config.anchors)
        if anchor.file is not None and anchor.file.is_relative_to(config.folder)
    )
    upstreams = {upstream.name for upstream in config.upstreams}
    for at, name in enumerate(config.traces.pass_to):
        if name not in upstreams and all(name != tool.name for tool in config.tools):
            yield f"traces.pass_to[{at}]: no upstream and no tool named {name!r}"
    models = {model.name for model in config.models}
    for at, model in enumerate(config.models):
        for n, target in enumerate(model.targets):
            if target.upstream not in upstreams:
                yield f"models[{at}].targets[{n}].upstream: no upstream named {target.upstream!r}"
        for n, fallback in enumerate(model.fallbacks):
            if fallback not in models:
                yield f"models[{at}].fallbacks[{n}]: no model named {fallback!r}"
            elif fallback == model.name:
                yield f"models[{at}].fallbacks[{n}]: a model cannot be its own fallback"
    for at, profile in enumerate(config.profiles):
        for n, name in enumerate(profile.models):
            if not name.endswith("*") and name not in models:
                yield f"profiles[{at}].models[{n}]: no model named {name!r}"


def _tools(config: Config) -> Iterator[str]:
    yield from _repeated("tools", (tool.name for tool in config.tools))
    yield from _repeated("mcp", (server.name for server in config.mcp))
    tools = {tool.name: tool for tool in config.tools}
    for at, tool in enumerate(config.tools):
        if tool.fallback is None:
            continue
        other = tools.get(tool.fallback)
        if other is None:
            yield f"tools[{at}].fallback: no tool named {tool.fallback!r}"
        elif other.kind == "local" or other.has_side_effects:
            yield f"tools[{at}].fallback: {other.name} runs at the client, writes or sends, so it cannot stand in"


def _tenants(config: Config) -> Iterator[str]:
    yield from _repeated("tenants", (tenant.name for tenant in config.tenants))
    profiles = {profile.name for profile in config.profiles}
    models = {model.name for model in config.models}
    hashes: set[str] = set()
    for at, tenant in enumerate(config.tenants):
        yield from _repeated(f"tenants[{at}].keys", (key.name for key in tenant.keys))
        for n, key in enumerate(tenant.keys):
            place = f"tenants[{at}].keys[{n}]"
            if key.profile not in profiles:
                yield f"{place}.profile: no profile named {key.profile!r}"
            for name in key.models or ():
                if name not in models:
                    yield f"{place}.models: no model named {name!r}"
            if key.sha256 in hashes:
                yield f"{place}.sha256: another key has the same hash"
            hashes.add(key.sha256)


def _listeners(config: Config) -> Iterator[str]:
    admin = config.admin
    if admin and admin.port and (admin.host, admin.port) == (config.listen.host, config.listen.port):
        yield "admin.port: this is the clients' own port; leave `admin` out to share it"


def _repeated(place: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            yield f"{place}[{at}].name: {name!r} is there twice"
        seen.add(name)


def warnings(config: Config) -> list[str]:
    """Return what is allowed, but not what one runs in production."""
    found = []
    if config.master_key is None:
        found.append(f"master_key: none is configured; {config.master_key_path} is made and used instead")
    if not config.anchors:
        found.append("anchors: none; whoever has the signing key could rewrite the book unseen")
    for place, part in (("listen", config.listen), ("admin", config.admin)):
        if part and not _is_loopback(part.host):
            found.append(f"{place}.host: {part.host} is reachable from outside, and keys travel in plain HTTP")
    found.extend(
        f"models[{at}]: {model.name} has no stored_answer; an outage ends in an error"
        for at, model in enumerate(config.models)
        if not model.stored_answer
    )
    if not config.models:
        found.append("models: none is configured; every call is refused")
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
