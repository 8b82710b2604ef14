"""Two houses on one PostgreSQL server, in one process: what `Tollhouse` applications of several processes share."""

import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Script, ScriptedServer
from gateway.app import Tollhouse, head_limits
from gateway.config import load
from gateway.house import House, open_house
from gateway.server import running
from limits.clock import Clock
from tests.gateway.live import Live, settings
from tests.gateway.operator import write_config
from tests.servers.live import Postgres, Redis

SHARED = "shared: {postgres: env/TOLLHOUSE_POSTGRES, redis: env/TOLLHOUSE_REDIS}"


@contextlib.contextmanager
def houses(
    folder: Path,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    redis: str = "redis://127.0.0.1:1/0",
) -> Iterator[tuple[House, House]]:
    """Open two houses that share one database and their keys."""
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", postgres.database())
    monkeypatch.setenv("TOLLHOUSE_REDIS", redis)
    first, second = folder / "first", folder / "second"
    first.mkdir()
    path = write_config(first, SHARED)
    with open_house(load(path), clock) as one:
        shutil.copytree(first, second)
        with open_house(load(second / path.name), clock) as other:
            yield one, other


@contextlib.asynccontextmanager
async def pair(
    folder: Path,
    postgres: Postgres,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    *,
    script: Script | None = None,
    **parts: Any,
) -> AsyncIterator[tuple[Live, Live]]:
    """Run two gateways that share all, before one scripted provider: tenant `acme` and its key are known to both."""
    monkeypatch.setenv("TOLLHOUSE_POSTGRES", postgres.database())
    monkeypatch.setenv("TOLLHOUSE_REDIS", redis.url)
    shared = {"postgres": "env/TOLLHOUSE_POSTGRES", "redis": "env/TOLLHOUSE_REDIS"}
    first, second = folder / "first", folder / "second"
    first.mkdir()
    async with contextlib.AsyncExitStack() as opened:
        upstream = await opened.enter_async_context(ScriptedServer(script or Script(), port=0))
        (first / "tollhouse.yaml").write_text(json.dumps(settings(upstream.url, shared=shared, **parts)))
        gates: list[Live] = []
        for place in (first, second):
            if place is second:
                shutil.copytree(first, second, ignore=shutil.ignore_patterns("*.sock"))
            house = opened.enter_context(open_house(load(place / "tollhouse.yaml"), clock))
            app = Tollhouse(house, clock)
            server = await opened.enter_async_context(running(app, limits=head_limits(house.config.bounds)))
            if place is first:
                await app.registry.create_tenant("test", "acme")
                key, token = await app.registry.create_key("test", "acme", name="key")
            headers = {"authorization": f"Bearer {token}"}
            http = httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)
            gates.append(Live(app, upstream, server.url, key, token, await opened.enter_async_context(http)))
        yield gates[0], gates[1]
