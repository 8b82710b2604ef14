"""How things stand at a start: the file's tenants and keys, then what the API created, as papers.

The file wins: a tenant of `state` that has a declared one's name is left out. What names something that is gone (a
profile that the file no longer has) is left out too, and said: a key without its policy opens nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from limits.accounts import Cap
from limits.runs import RunLimits

from ..config import Config
from ..papers import HOUSE, Key, Profile, Run, Tenant, caps_of, resolve
from .schema import FORMAT

Query = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""`audit.book.Book.query`: SQL and parameters to rows."""


class StateUnreadable(Exception):
    """The tables of `state` are of another version."""


@dataclass(slots=True)
class Standing:
    """All papers; keys by the SHA-256 of their text.

    `stopped` are scopes whose kill switch is on; `complaints` says what was left out, and why.
    """

    profiles: Mapping[str, Profile]
    tenants: dict[str, Tenant] = field(default_factory=dict)
    keys: dict[bytes, Key] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


def load(config: Config, query: Query, now_us: int) -> Standing:
    """Return the papers of a configuration and of `state`; raise StateUnreadable for tables of another version."""
    ((version,),) = query("SELECT value FROM state_meta WHERE name = 'format'", ())
    if version != FORMAT:
        raise StateUnreadable(f"the folder's state has version {version}, this program reads {FORMAT}")
    standing = Standing({profile.name: resolve(profile) for profile in config.profiles})
    _declared(config, standing)
    caps: dict[str, list[Cap]] = {}
    for scope, cap in query("SELECT scope, cap FROM state_cap ORDER BY scope, cap", ()):
        caps.setdefault(scope, []).append(Cap.parse(cap))
    tools = {scope: json.loads(named) for scope, named in query("SELECT scope, tools FROM state_tools", ())}
    _tenants(query, standing, caps, tools)
    _keys(query, standing, caps, tools)
    _runs(query, standing, now_us, tools)
    standing.stopped.update(scope for (scope,) in query("SELECT scope FROM state_stop", ()))
    return standing


def _declared(config: Config, standing: Standing) -> None:
    standing.tenants[HOUSE.id] = HOUSE
    for settings in config.tenants:
        tenant = Tenant(
            settings.name, settings.name, settings.time_zone, caps_of(settings.caps), False, True, settings.tools
        )
        standing.tenants[tenant.id] = tenant
        for key in settings.keys:
            standing.keys[bytes.fromhex(key.sha256)] = Key(
                id=f"{tenant.id}.{key.name}",
                name=key.name,
                tenant=tenant,
                profile=standing.profiles[key.profile],
                caps=caps_of(key.caps),
                models=None if key.models is None else frozenset(key.models),
                expires_us=None if key.expires is None else round(key.expires.timestamp() * 1_000_000),
                declared=True,
                tools=key.tools,
            )


def _list(tools: dict[str, Any], scope: str) -> tuple[str, ...] | None:
    return tuple(tools[scope]) if scope in tools else None


def _tenants(query: Query, standing: Standing, caps: dict[str, list[Cap]], tools: dict[str, Any]) -> None:
    for id_, name, zone, disabled in query("SELECT id, name, time_zone, disabled FROM state_tenant ORDER BY id", ()):
        if id_ in standing.tenants:
            standing.complaints.append(f"tenant {id_} is declared in the file; what was set through the API is unused")
            continue
        own = tuple(caps.get(f"tenant:{id_}", ()))
        named = _list(tools, f"tenant:{id_}")
        standing.tenants[id_] = Tenant(id_, name, zone, own, bool(disabled), tools=named)


def _keys(query: Query, standing: Standing, caps: dict[str, list[Cap]], tools: dict[str, Any]) -> None:
    columns = "id, sha256, name, tenant, profile, role, models, expires_us, revoked"
    for id_, digest, name, tenant_id, profile, role, models, expires_us, revoked in query(
        f"SELECT {columns} FROM state_key ORDER BY made_us, id",  # noqa: S608 - column names of ours
        (),
    ):
        tenant, policy = standing.tenants.get(tenant_id), standing.profiles.get(profile)
        if tenant is None or policy is None:
            gone = f"tenant {tenant_id}" if tenant is None else f"profile {profile}"
            standing.complaints.append(f"key {id_} is refused: the file no longer has its {gone}")
            continue
        if digest in standing.keys:
            standing.complaints.append(f"key {id_} is declared in the file; what was set through the API is unused")
            continue
        allowed = None if models is None else frozenset(json.loads(models))
        own = tuple(caps.get(f"key:{id_}", ()))
        key = Key(id_, name, tenant, policy, role, own, allowed, expires_us, bool(revoked))
        standing.keys[digest] = key if key.scope not in tools else replace(key, tools=_list(tools, key.scope))


def _runs(query: Query, standing: Standing, now_us: int, tools: dict[str, Any]) -> None:
    columns = "id, tenant, key, parent, profile, limits, opened_us, expires_us, status, origin"
    shared: dict[tuple[str, str], RunLimits] = {}
    for id_, tenant, key, parent, profile, limits, opened_us, expires_us, status, origin in query(
        f"SELECT {columns} FROM state_run WHERE expires_us > ? ORDER BY rowid",  # noqa: S608 - as above
        (now_us,),
    ):
        policy = standing.profiles.get(profile)
        above = standing.runs.get(parent) if parent else None
        if policy is None or (parent and above is None):
            standing.complaints.append(f"run {id_} is refused: its profile or its parent is gone")
            continue
        path = (*above.path, id_) if above else (id_,)
        own = shared.setdefault((profile, limits), RunLimits(**json.loads(limits)))
        if own == policy.run:
            own = policy.run
        # One string an id, however many runs name it: a million idle runs stay under a gigabyte.
        tenant_id = standing.tenants[tenant].id if tenant in standing.tenants else tenant
        standing.runs[id_] = Run(
            id_, tenant_id, key, above.id if above else None, path, own, opened_us, expires_us, status, policy, origin
        )
        if tools and (f"run:{id_}" in tools or f"plan:{id_}" in tools):
            lists = tuple(tuple(named) for named in tools.get(f"run:{id_}", ()))
            standing.runs[id_] = replace(standing.runs[id_], tools=lists, plan=_list(tools, f"plan:{id_}"))
