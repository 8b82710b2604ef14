"""State as statements: what is put is what is loaded; the first ending of a run stays."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.config import load as load_config
from gateway.papers import HOUSE, Key, Run, Tenant, resolve
from gateway.state import rows
from gateway.state.load import Standing, load
from gateway.state.schema import SCHEMA
from limits.accounts import Cap
from limits.runs import RunLimits
from tests.gateway.operator import write_config


class Tables:
    """The tables of `state` alone, in memory."""

    def __init__(self, folder: Path) -> None:
        self.config = load_config(write_config(folder))
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        for statement in SCHEMA:
            self.db.execute(statement)

    def put(self, statements: Sequence[rows.Statement]) -> None:
        for sql, parameters in statements:
            self.db.execute(sql, parameters)

    def load(self, now_us: int = 0) -> Standing:
        def query(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
            return self.db.execute(sql, parameters).fetchall()

        return load(self.config, query, now_us)


def test_a_tenant_a_key_and_a_run_come_back_as_they_were_put(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    profile = resolve(tables.config.profiles[0])
    tenant = Tenant(
        "globex", "Globex", "Europe/Berlin", (Cap("nano_usd", 7, "day"), Cap("tokens", 9, "total", hard=False))
    )
    key = Key(
        "k1", "app", tenant, profile, "client", (Cap("tokens", 5, "hour"),), frozenset({"small"}), 99, revoked=False
    )
    admin = Key("k2", "ada", HOUSE, profile, "admin")
    run = Run("r1", "globex", "k1", None, ("r1",), replace(profile.run, steps=2), 1, 50, "open", profile)
    child = Run("r2", "globex", "k1", "r1", ("r1", "r2"), profile.run, 1, 50, "open", profile)
    tables.put([*rows.put_tenant(tenant, 1), *rows.put_key(key, b"1" * 32, 1), *rows.put_key(admin, b"2" * 32, 1)])
    tables.put([*rows.put_run(run), *rows.put_run(child)])
    standing = tables.load()
    assert standing.complaints == []
    assert standing.tenants["globex"] == tenant
    assert (standing.keys[b"1" * 32], standing.keys[b"2" * 32]) == (key, admin)
    assert (standing.runs["r1"], standing.runs["r2"]) == (run, child)
    assert standing.runs["r2"].limits is standing.profiles["tight"].run
    tables.db.close()


def test_a_change_replaces_caps_revokes_keys_and_ends_runs_once(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    profile = resolve(tables.config.profiles[0])
    tenant = Tenant("globex", "Globex", caps=(Cap("nano_usd", 7, "day"),))
    key = Key("k1", "app", tenant, profile)
    run = Run("r1", "globex", "k1", None, ("r1",), RunLimits(), 1, 50, "open", profile)
    tables.put([*rows.put_tenant(tenant, 1), *rows.put_key(key, b"1" * 32, 1), *rows.put_run(run)])
    tables.put([*rows.put_caps(tenant.scope, ()), *rows.revoke_key("k1")])
    tables.put([*rows.end_run("r1", "killed"), *rows.end_run("r1", "ended")])
    standing = tables.load()
    assert standing.tenants["globex"].caps == ()
    assert standing.keys[b"1" * 32].revoked
    assert standing.runs["r1"].status == "killed"
    tables.put(rows.put_tenant(replace(tenant, disabled=True, caps=()), 2))
    assert tables.load().tenants["globex"].disabled
    tables.put(rows.forget_runs(51))
    assert tables.load().runs == {}
    tables.db.close()
