"""Who or what this process does not know is looked for; whoever it knows is served from memory."""

from pathlib import Path
from typing import Any

import pytest

from gateway.app import Tollhouse
from gateway.fresh import Fresh
from limits.clock import SystemClock
from tests.gateway.shared import houses
from tests.servers.live import Postgres, Redis


async def test_only_what_is_not_known_here_is_looked_for(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Redis() as redis, houses(tmp_path, postgres, monkeypatch, SystemClock(), redis.url) as (one, other):
        made, served = Tollhouse(one, SystemClock()), Tollhouse(other, SystemClock())
        assert made.shared is not None
        await made.shared.ledger.start()
        await made.registry.create_tenant("k", "globex")
        key, token = await made.registry.create_key("k", "globex", name="ci")
        run, _ = await made.registry.open_run(key)
        assert served.following is not None
        passed: list[str] = []

        async def inner(scope: Any, *_: Any) -> None:
            passed.append(scope.get("path", scope["type"]))

        fresh = Fresh(inner, served.following, other.directory, served.runs)

        async def looks(path: str, **headers: str) -> int:
            """Ask, and return how many looks that took."""
            before = served.following._begun if served.following else 0
            raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
            await fresh({"type": "http", "path": path, "headers": raw}, None, None)  # type: ignore[arg-type]
            return (served.following._begun if served.following else 0) - before

        bearer = {"authorization": f"Bearer {token}"}
        assert await looks("/v1/models") == 0
        assert await looks("/v1/models", **bearer) == 1
        assert other.directory.key_of(token) is not None
        assert await looks("/v1/models", **bearer) == 0
        assert await looks("/v1/models", authorization="Bearer sk-th-nobody") == 1
        assert await looks("/v1/chat/completions", **bearer, x_run_id=run.id) == 0
        assert await looks(f"/v1/runs/{run.id}", **bearer) == 0
        assert await looks("/runs/unknown/v1/chat/completions", **bearer) == 1
        assert await looks("/v1/chat/completions", **bearer, idempotency_key="once") == 1
        assert await looks("/admin/keys") == await looks("/v1/approvals", **bearer) == 1
        await fresh({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
        assert len(passed) == 11
        await served.following.stop()
        await made.shared.ledger.stop()
        for app in (made, served):
            await app.catalogue.close()


async def test_what_cannot_be_looked_for_is_unavailable_and_not_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Postgres(durable=True) as server, houses(tmp_path, server, monkeypatch, SystemClock()) as (one, _):
        app = Tollhouse(one, SystemClock())
        server.kill()
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", b"Bearer sk-th-nobody")]
        await app._served({"type": "http", "path": "/v1/models", "headers": headers}, None, send)
        assert sent[0]["status"] == 503
        server.start()
        await app.catalogue.close()
