"""Two houses on one PostgreSQL server, in one process: what `Tollhouse` applications of several processes share."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import load
from gateway.house import House, open_house
from limits.clock import Clock
from tests.gateway.operator import write_config
from tests.servers.live import Postgres

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
