"""Replicas: what one process masked another restores, until the run ends; nothing of it can be read in between."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from gateway.app import Tollhouse, head_limits
from gateway.config import load
from gateway.house import open_house
from gateway.server import running
from limits.clock import SystemClock
from tests.gateway.live import Live, chat, live
from tests.servers.live import Postgres, Redis

pytestmark = pytest.mark.anyio

MAIL = "bob@example.com"
PATH = "/v1/chat/completions"


@asynccontextmanager
async def replicas(
    folder: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Live, httpx.AsyncClient]]:
    """Run a gateway and a replica of it, which has the same keys and a folder of its own."""
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", postgres.database())
    first, second = folder / "first", folder / "second"
    first.mkdir()
    with Redis() as redis:
        monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
        shared = {"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"}
        async with live(first, shared=shared) as gate:
            shutil.copytree(first, second, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
            with open_house(load(second / "tollhouse.yaml"), SystemClock()) as house:
                app = Tollhouse(house, SystemClock())
                headers = {"authorization": f"Bearer {gate.token}", "x-run-id": "task"}
                async with (
                    running(app, limits=head_limits(house.config.bounds)) as server,
                    httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as other,
                ):
                    gate.http.headers["x-run-id"] = "task"
                    yield gate, other


def said(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["choices"][0]["message"]["content"])


async def test_what_one_masked_the_other_restores_until_the_run_ends_and_neither_afterwards(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with replicas(tmp_path, postgres, monkeypatch) as (gate, other):
        first = await gate.http.post(PATH, json=chat(f"write to {MAIL}"))
        assert said(first) == f"write to {MAIL}"
        (mark,) = re.findall(r"EMAIL_\w{16}", gate.upstream.seen[-1].body.decode())
        assert said(await other.post(PATH, json=chat(f"tell {mark}"))) == f"tell {MAIL}"
        assert said(await other.post(PATH, json=chat(f"and {MAIL}, and eve@example.org"))).endswith("eve@example.org")
        marks = re.findall(r"EMAIL_\w{16}", gate.upstream.seen[-1].body.decode())
        assert (marks[0], len(marks)) == (mark, 2)
        assert said(await gate.http.post(PATH, json=chat(f"tell {marks[1]}"))) == "tell eve@example.org"
        stranger = await other.post(PATH, json=chat(f"tell {mark}"), headers={"x-run-id": "another"})
        assert said(stranger) == f"tell {mark}"
        kept = (await gate.http.post("/v1/responses", json={"model": "m", "input": f"keep {MAIL}"})).json()["id"]
        assert f"keep {MAIL}" in (await other.get(f"/v1/responses/{kept}")).text

        book = gate.app.house.book
        sealed = [bytes(row) for (row,) in book.query("SELECT sealed FROM state_vault", ())]
        assert len(sealed) == 2
        assert all(value not in row for row in sealed for value in (b"bob@", b"eve@", mark.encode()))
        expiry = book.query(
            "SELECT DISTINCT v.expires_us = r.expires_us FROM state_vault v JOIN state_run r ON r.id = v.run", ()
        )
        assert expiry == [(True,)]

        run = first.headers["x-tollhouse-run-id"]
        assert (await gate.http.post(f"/v1/runs/{run}/cancel")).status_code == 200
        for client in (gate.http, other):
            ended = await client.post(PATH, json=chat(f"tell {mark}"))
            assert MAIL not in ended.text
        assert book.query("SELECT count(*) FROM state_vault", ()) == [(0,)]
