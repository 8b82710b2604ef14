"""Reaching the owner: over the socket, over the network, or by being it; one result, and a sentence when it fails."""

import os
from pathlib import Path

import pytest

from audit.lock import FolderLock
from tests.gateway.cli.commands import Commands, served


def test_a_command_speaks_to_the_owner_and_the_book_says_who_it_was(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with served(commands.path) as (operator, _):
        commands.run("tenants", "create", "globex")
        assert operator.directory.tenant("globex") is not None
        assert f'"actor":"local:{os.getuid()}"' in operator.records()[-1]


def test_without_an_owner_a_command_is_the_owner_for_that_moment(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    first = commands.run("tenants", "create", "globex", "--cap", "usd=5/day")
    assert "A first admin key was made" in first.stderr
    assert "admin key" not in commands.run("tenants", "list").output
    with served(commands.path) as (operator, _):
        tenant = operator.directory.tenant("globex")
        assert tenant is not None
        assert [str(cap) for cap in tenant.caps] == ["nano_usd/day/hard/5000000000"]
        assert f'"actor":"local:{os.getuid()}"' in "".join(operator.records())


def test_over_the_network_an_admin_key_is_needed_and_comes_from_env_or_file(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with served(commands.path) as (operator, url):
        token = operator.house.admin_token or ""
        (tmp_path / "key").write_text(token)
        commands.run("tenants", "list", "--url", url, "--admin-key", f"file/{tmp_path}/key")
        commands.environ["TOLLHOUSE_ADMIN_KEY"] = "sk-th-wrong"
        refused = commands.run("tenants", "list", "--url", url, code=1)
        assert "unknown, expired or revoked" in refused.stderr
        commands.environ["TOLLHOUSE_ADMIN_KEY"] = token
        commands.environ["TOLLHOUSE_URL"] = url
        commands.run("tenants", "create", "globex")
        assert operator.directory.tenant("globex") is not None
    assert "does not answer" in commands.run("tenants", "list", code=1).stderr


@pytest.mark.parametrize("key", ["sk-th-in-the-clear", "env/NOT_SET_ANYWHERE", "file/none"])
def test_an_admin_key_that_cannot_be_read_is_wrong_usage_and_not_quoted(tmp_path: Path, key: str) -> None:
    said = Commands(tmp_path).run("tenants", "list", "--url", "http://127.0.0.1:9", "--admin-key", key, code=2)
    assert "in-the-clear" not in said.output


def test_an_owner_that_does_not_listen_is_named(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("tenants", "list")
    lock = FolderLock(tmp_path / "tollhouse-data")
    try:
        assert str(os.getpid()) in commands.run("tenants", "list", code=1).stderr
    finally:
        lock.release()


def test_what_answers_but_is_no_gateway_is_said(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    with served(commands.path) as (operator, url):
        commands.environ["TOLLHOUSE_ADMIN_KEY"] = operator.house.admin_token or ""
        said = commands.run("keys", "revoke", "../../docs", "--url", f"{url}/docs/..", code=1)
        assert said.stderr.startswith("Error: ")
