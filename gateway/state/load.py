"""How things stand at a start: the file's tenants and keys, then what the API created, as papers.

The file wins: a tenant of `state` that has a declared one's name is left out. What names something that is gone (a
profile that the file no longer has) is left out too, and said: a key without its policy opens nothing.
"""

import json
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
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
    tenants: MutableMapping[str, Tenant] = field(default_factory=dict)
    keys: MutableMapping[bytes, Key] = field(default_factory=dict)
    runs: MutableMapping[str, Run] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Ids of the rows that are to be read; None reads all."""

    tenants: Collection[str] | None = None
    keys: Collection[str] | None = None
    runs: Collection[str] | None = None

    def scopes(self) -> list[str] | None:
        """Return the scopes whose caps and lists belong to them."""
        if self.tenants is None or self.keys is None or self.runs is None:
            return None
        runs = [f"{scope}:{run}" for run in self.runs for scope in ("run", "plan")]
        return [*(f"tenant:{each}" for each in self.tenants), *(f"key:{each}" for each in self.keys), *runs]


_ALL = Chosen()
_RUN = "id, tenant, key, parent, profile, limits, opened_us, expires_us, status, origin"


def load(config: Config, query: Query, now_us: int) -> Standing:
    """Return the papers of a configuration and of `state`; raise StateUnreadable for tables of another version."""
    ((version,),) = query("SELECT value FROM state_meta WHERE name = 'format'", ())
    if str(version) != str(FORMAT):
        raise StateUnreadable(f"the folder's state has version {version}, this program reads {FORMAT}")
    standing = Standing({profile.name: resolve(profile) for profile in config.profiles})
    _declared(config, standing)
    add(standing, query, now_us)
    return standing


def add(standing: Standing, query: Query, now_us: int, chosen: Chosen = _ALL) -> None:
    """Read rows of `state` into papers; what is not read is taken as it stands."""
    scopes = chosen.scopes()
    caps: dict[str, list[Cap]] = {}
    for scope, cap in _rows(query, "SELECT scope, cap FROM state_cap", "scope", scopes, "ORDER BY scope, cap"):
        caps.setdefault(scope, []).append(Cap.parse(cap))
    named = _rows(query, "SELECT scope, tools FROM state_tools", "scope", scopes)
    tools = {scope: json.loads(listed) for scope, listed in named}
    _tenants(query, standing, caps, tools, chosen.tenants)
    _keys(query, standing, caps, tools, chosen.keys)
    _runs(query, standing, now_us, tools, chosen.runs)
    standing.stopped.update(scope for (scope,) in query("SELECT scope FROM state_stop", ()))


def _rows(
    query: Query, select: str, column: str, values: Collection[str] | None, order: str = ""
) -> list[tuple[Any, ...]]:
    """Return all rows of a SELECT, or those with one of these values in a column."""
    if values is None:
        return query(f"{select} {order}", ())
    marks = ", ".join("?" * len(values))
    return query(f"{select} WHERE {column} IN ({marks}) {order}", tuple(values)) if values else []


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


def _tenants(
    query: Query, standing: Standing, caps: dict[str, list[Cap]], tools: dict[str, Any], only: Collection[str] | None
) -> None:
    select = "SELECT id, name, time_zone, disabled FROM state_tenant"
    for id_, name, zone, disabled in _rows(query, select, "id", only, "ORDER BY id"):
        known = standing.tenants.get(id_)
        if known is not None and (known is HOUSE or known.declared):
            standing.complaints.append(f"tenant {id_} is declared in the file; what was set through the API is unused")
            continue
        own = tuple(caps.get(f"tenant:{id_}", ()))
        named = _list(tools, f"tenant:{id_}")
        standing.tenants[id_] = Tenant(id_, name, zone, own, bool(disabled), tools=named)


def _keys(
    query: Query, standing: Standing, caps: dict[str, list[Cap]], tools: dict[str, Any], only: Collection[str] | None
) -> None:
    select = "SELECT id, sha256, name, tenant, profile, role, models, expires_us, revoked FROM state_key"
    for id_, digest, name, tenant_id, profile, role, models, expires_us, revoked in _rows(
        query, select, "id", only, "ORDER BY made_us, id"
    ):
        tenant, policy = standing.tenants.get(tenant_id), standing.profiles.get(profile)
        if tenant is None or policy is None:
            gone = f"tenant {tenant_id}" if tenant is None else f"profile {profile}"
            standing.complaints.append(f"key {id_} is refused: the file no longer has its {gone}")
            continue
        known = standing.keys.get(digest)
        if known is not None and known.declared:
            standing.complaints.append(f"key {id_} is declared in the file; what was set through the API is unused")
            continue
        allowed = None if models is None else frozenset(json.loads(models))
        own = tuple(caps.get(f"key:{id_}", ()))
        key = Key(id_, name, tenant, policy, role, own, allowed, expires_us, bool(revoked))
        standing.keys[digest] = key if key.scope not in tools else replace(key, tools=_list(tools, key.scope))


def _runs(query: Query, standing: Standing, now_us: int, tools: dict[str, Any], only: Collection[str] | None) -> None:
    select = f"SELECT {_RUN} FROM state_run"  # noqa: S608 - column names of ours
    if only is None:
        rows = query(f"{select} WHERE expires_us > ? ORDER BY opened_us", (now_us,))
    else:
        rows = _rows(query, select, "id", only, "ORDER BY opened_us")
    shared: dict[tuple[str, str], RunLimits] = {}
    while rows:
        children = [row for row in rows if not _run(row, standing, now_us, tools, shared)]
        if len(children) == len(rows):  # a child may have been opened in the same microsecond as its parent
            standing.complaints += (f"run {row[0]} is refused: its profile or its parent is gone" for row in children)
            return
        rows = children


def _run(
    row: tuple[Any, ...],
    standing: Standing,
    now_us: int,
    tools: dict[str, Any],
    shared: dict[tuple[str, str], RunLimits],
) -> bool:
    """Add a run unless it has expired; tell whether that was possible yet."""
    id_, tenant, key, parent, profile, limits, opened_us, expires_us, status, origin = row
    if expires_us <= now_us:
        return True
    policy = standing.profiles.get(profile)
    above = standing.runs.get(parent) if parent else None
    if policy is None or (parent and above is None):
        return False
    path = (*above.path, id_) if above else (id_,)
    own = shared.setdefault((profile, limits), RunLimits(**json.loads(limits)))
    if own == policy.run:
        own = policy.run
    # One string an id, however many runs name it: a million idle runs stay under a gigabyte.
    tenant_id = standing.tenants[tenant].id if tenant in standing.tenants else tenant
    run = Run(
        id_, tenant_id, key, above.id if above else None, path, own, opened_us, expires_us, status, policy, origin
    )
    if tools and (f"run:{id_}" in tools or f"plan:{id_}" in tools):
        lists = tuple(tuple(named) for named in tools.get(f"run:{id_}", ()))
        run = replace(run, tools=lists, plan=_list(tools, f"plan:{id_}"))
    standing.runs[id_] = run
    return True
