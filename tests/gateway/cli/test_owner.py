"""Reaching the owner: over the socket, over the network, or by being it; one result, and a sentence when it fails."""

import os
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from audit.lock import FolderLock
from gateway.cli.owner import at
from tests.gateway.cli.commands import Commands, served
from tests.gateway.shared import SHARED
from tests.limits.redis.ledgers import command
from tests.servers.live import Postgres, Redis


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
    stranger = FastAPI()

    @stranger.get("/admin/tenants")
    async def teapot() -> Response:
        return Response("short and stout", status_code=418)

    @stranger.get("/admin/keys")
    async def odd() -> JSONResponse:
        return JSONResponse({"error": "odd"}, status_code=500)

    @stranger.get("/admin/runs")
    async def page() -> Response:
        return Response("<html>", media_type="text/html")

    commands = Commands(tmp_path)
    commands.environ["TOLLHOUSE_ADMIN_KEY"] = "sk-th-any"
    with served(commands.path, stranger) as (_, url):
        assert "status 418" in commands.run("tenants", "list", "--url", url, code=1).stderr
        assert "no Tollhouse" in commands.run("runs", "list", "--url", url, code=1).stderr
        assert "status 500" in commands.run("keys", "list", "--url", url, code=1).stderr


def test_an_id_that_a_user_gives_stays_one_part_of_the_path(tmp_path: Path) -> None:
    assert at("keys", "../tenants/acme?x#y", "revoke") == "/admin/keys/..%2Ftenants%2Facme%3Fx%23y/revoke"
    commands = Commands(tmp_path)
    commands.run("keys", "revoke", "../tenants", code=1)


def test_a_folder_with_a_long_name_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 90) / ("b" * 90)
    deep.mkdir(parents=True)
    assert "acme" in Commands(deep).run("tenants", "list").stdout


def test_without_an_owner_a_command_changes_and_asks_the_ledger_that_all_share(
    tmp_path: Path, postgres: Postgres
) -> None:
    commands = Commands(tmp_path)
    commands.path.write_text(f"{commands.path.read_text()}\n{SHARED}\n")
    commands.environ["TOLLHOUSE_POSTGRES"] = postgres.database()
    with Redis() as redis:
        commands.environ["TOLLHOUSE_REDIS"] = redis.url
        commands.run("tenants", "create", "globex", "--cap", "usd=5/total")
        assert b"L0tH" in command(redis.url, "HGETALL", "th:{globex}:2:a:tenant:globex")
        for figure in ("s0t", "u0t"):  # settled; settled and held
            command(redis.url, "HINCRBY", "th:{globex}:2:a:tenant:globex", figure, 1_250_000_000)
        shown = commands.run("tenants", "show", "globex").stdout
        assert "1.25" in shown, "what is spent stands in Redis"
        redis.kill()
        assert "the ledger cannot answer" in commands.run("tenants", "list", code=1).stderr
