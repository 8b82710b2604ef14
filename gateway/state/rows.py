"""Objects as statements on the tables of `state`: what a change commits together with its record."""

import json
from typing import Any

from limits.accounts import Cap

from ..papers import Key, Run, Tenant
from .upsert import upsert

Statement = tuple[str, tuple[Any, ...]]

_TENANT = """INSERT INTO state_tenant VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET
    name = excluded.name, time_zone = excluded.time_zone, disabled = excluded.disabled"""
_FORGET_VAULTS = "DELETE FROM state_vault WHERE run IN (SELECT id FROM state_run WHERE expires_us < ?)"
_FORGET_TOOLS = """DELETE FROM state_tools WHERE scope IN (SELECT 'run:' || id FROM state_run WHERE expires_us < ?)
    OR scope IN (SELECT 'plan:' || id FROM state_run WHERE expires_us < ?)"""
_TOOLS = upsert("state_tools", "scope, tools", "scope")
_RUN = (
    upsert("state_run", "id, tenant, key, parent, profile, limits, opened_us, expires_us, status, origin", "id")
    + " WHERE state_run.expires_us <= excluded.opened_us"
)


def put_tenant(tenant: Tenant, now_us: int) -> tuple[Statement, ...]:
    """Return the statements that make a tenant stand as given, caps included."""
    row = (tenant.id, tenant.name, tenant.time_zone, int(tenant.disabled), now_us)
    return ((_TENANT, row), *put_caps(tenant.scope, tenant.caps), *put_tools(tenant.scope, tenant.tools))


def put_caps(scope: str, caps: tuple[Cap, ...]) -> tuple[Statement, ...]:
    """Return the statements that replace a scope's caps."""
    return (
        ("DELETE FROM state_cap WHERE scope = ?", (scope,)),
        *(("INSERT INTO state_cap VALUES(?, ?)", (scope, str(cap))) for cap in caps),
    )


def put_tools(scope: str, tools: Any) -> tuple[Statement, ...]:
    """Return the statement that makes an allow-list stand as given; None takes it away."""
    if tools is None:
        return (("DELETE FROM state_tools WHERE scope = ?", (scope,)),)
    return ((_TOOLS, (scope, json.dumps(tools))),)


def put_key(key: Key, digest: bytes, now_us: int) -> tuple[Statement, ...]:
    """Return the statements that add a new key; `digest` is the SHA-256 of its text."""
    models = None if key.models is None else json.dumps(sorted(key.models))
    row = (
        key.id,
        digest,
        key.name,
        key.tenant.id,
        key.profile.name,
        key.role,
        models,
        key.expires_us,
        int(key.revoked),
        now_us,
    )
    return (
        ("INSERT INTO state_key VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row),
        *put_caps(key.scope, key.caps),
        *put_tools(key.scope, key.tools),
    )


def put_stop(scope: str, *, stopped: bool) -> tuple[Statement, ...]:
    """Return the statements that switch a scope off, or on again."""
    off = ("DELETE FROM state_stop WHERE scope = ?", (scope,))
    return (off, ("INSERT INTO state_stop VALUES(?)", (scope,))) if stopped else (off,)


def revoke_key(key_id: str) -> tuple[Statement, ...]:
    """Return the statement that revokes a key for good."""
    return (("UPDATE state_key SET revoked = 1 WHERE id = ?", (key_id,)),)


def put_run(run: Run) -> tuple[Statement, ...]:
    """Return the statements that add a run; an expired one of the same (client-made) id gives way."""
    row = (
        run.id,
        run.tenant_id,
        run.key_id,
        run.parent,
        run.profile.name,
        json.dumps(run.limits.as_dict()),
        run.opened_us,
        run.expires_us,
        run.status,
        run.origin,
    )
    insert = (_RUN, row)
    return (insert, *put_tools(run.scope, run.tools or None), *put_plan(run))


def put_plan(run: Run) -> tuple[Statement, ...]:
    """Return the statement that makes a run's plan stand as given."""
    return put_tools(f"plan:{run.id}", run.plan)


def end_run(run_id: str, status: str) -> tuple[Statement, ...]:
    """Return the statements that end a run; the first ending stays, and its placeholders are never restored again."""
    return (
        ("UPDATE state_run SET status = ? WHERE id = ? AND status = 'open'", (status, run_id)),
        ("DELETE FROM state_vault WHERE run = ?", (run_id,)),
    )


def forget_runs(before_us: int) -> tuple[Statement, ...]:
    """Return the statements that drop runs which expired before an instant (µs UTC), and the ids that led to them.

    The book still has the runs.
    """
    return (
        (_FORGET_VAULTS, (before_us,)),
        (_FORGET_TOOLS, (before_us, before_us)),
        ("DELETE FROM state_run WHERE expires_us < ?", (before_us,)),
        ("DELETE FROM state_trace WHERE expires_us < ?", (before_us,)),
        ("DELETE FROM state_alias WHERE expires_us < ?", (before_us,)),
    )
