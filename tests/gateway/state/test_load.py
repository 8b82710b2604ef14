"""Loading state: the file wins, what has lost its policy opens nothing, and both are said."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.papers import Key, Run, Tenant, resolve
from gateway.state import rows
from gateway.state.load import StateUnreadable
from tests.gateway.operator import CI_HASH
from tests.gateway.state.test_rows import Tables


def test_the_file_wins_over_what_the_api_made(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    profile = resolve(tables.config.profiles[0])
    tables.put(rows.put_tenant(Tenant("acme", "other"), 1))
    tables.put(rows.put_key(Key("k", "k", Tenant("acme", ""), profile), bytes.fromhex(CI_HASH), 1))
    standing = tables.load()
    assert standing.tenants["acme"].declared
    assert standing.keys[bytes.fromhex(CI_HASH)].id == "acme.ci"
    assert [said.partition(" is ")[0] for said in standing.complaints] == ["tenant acme", "key k"]
    tables.db.close()


def test_what_names_something_that_is_gone_is_left_out_and_said(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    profile = resolve(tables.config.profiles[0])
    gone, tenant = replace(profile, name="gone"), Tenant("globex", "")
    tables.put([*rows.put_tenant(tenant, 1), *rows.put_key(Key("k1", "", tenant, gone), b"1" * 32, 1)])
    tables.put(rows.put_key(Key("k2", "", Tenant("nobody", ""), profile), b"2" * 32, 1))
    tables.put(rows.put_run(Run("r1", "globex", "k1", None, ("r1",), profile.run, 1, 50, "open", gone)))
    tables.put(rows.put_run(Run("r2", "globex", "k1", "r1", ("r1", "r2"), profile.run, 1, 50, "open", profile)))
    standing = tables.load()
    assert len(standing.keys) == 1
    assert standing.runs == {}
    assert len(standing.complaints) == 4
    tables.db.close()


def test_a_run_that_has_expired_is_not_loaded(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    profile = resolve(tables.config.profiles[0])
    tables.put(rows.put_run(Run("r1", "acme", "acme.ci", None, ("r1",), profile.run, 1, 50, "open", profile)))
    assert "r1" in tables.load(49).runs
    assert "r1" not in tables.load(50).runs
    tables.db.close()


def test_tables_of_another_version_are_not_guessed_at(tmp_path: Path) -> None:
    tables = Tables(tmp_path)
    tables.db.execute("UPDATE state_meta SET value = 99")
    with pytest.raises(StateUnreadable, match="version 99"):
        tables.load()
    tables.db.close()
