"""The gate: below /admin nobody is let through, and no body is read, without an administrator."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.types import Message

from gateway.admin.actor import BODY_BYTES_MAX, Gate
from gateway.admin.app import build
from tests.gateway.operator import CI_KEY, administrating, asking, opened, write_config


async def many(number: int) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * 65_536


async def test_every_admin_route_refuses_whoever_is_no_administrator(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        app = build(operator.parts())
        paths = [path for path in app.openapi()["paths"] if path.startswith("/admin")]
        assert len(paths) >= 8
        client, text = await operator.client_key()
        _, run_key = await operator.registry.open_run(client)
        _, approver = await operator.registry.create_key("ada", "house", name="bob", role="approver")
        for token, status in (
            (None, 401),
            ("nonsense", 401),
            (CI_KEY, 403),
            (text, 403),
            (run_key, 403),
            (approver, 403),
        ):
            async with asking(app, token) as client_side:
                for path in [*paths, "/admin", "/admin/", "/admin/nothing"]:
                    answer = await client_side.request("GET", path)
                    assert answer.status_code == status, path
                    assert answer.json()["error"]["code"] in ("invalid_api_key", "not_allowed")
                    assert answer.headers["x-should-retry"] == "false"


async def test_an_administrator_is_let_through_until_the_key_is_revoked(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        made, token = await operator.registry.create_key("ada", "house", name="eve", role="admin")
        async with asking(build(operator.parts()), token) as client:
            assert (await client.get("/admin/keys")).status_code == 200
            assert (await client.post(f"/admin/keys/{made.id}/revoke")).status_code == 200
            assert (await client.get("/admin/keys")).status_code == 401


async def test_a_body_is_bounded_whether_its_length_is_told_or_not(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with administrating(operator) as client:
            told = await client.post("/admin/keys", content=b" " * (BODY_BYTES_MAX + 1))
            untold = await client.post("/admin/keys", content=many(BODY_BYTES_MAX // 65_536 + 1))
            assert [(a.status_code, a.json()["error"]["code"]) for a in (told, untold)] == [
                (413, "request_too_large")
            ] * 2


async def test_what_is_not_http_passes_the_gate(tmp_path: Path) -> None:
    seen = []

    async def app(scope: object, *_: object) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return {}

    async def send(_: Message) -> None:
        pass

    with opened(write_config(tmp_path)) as operator:
        await Gate(app, operator.parts())({"type": "lifespan"}, receive, send)
    assert seen == [{"type": "lifespan"}]


async def test_a_route_without_the_gate_refuses_by_itself(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        app = build(operator.parts())
        app.user_middleware.clear()
        async with asking(app, operator.house.admin_token) as client:
            assert (await client.get("/admin/tenants")).status_code == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_what_shows_no_names_is_open(tmp_path: Path, path: str) -> None:
    with opened(write_config(tmp_path)) as operator:
        app = build(operator.parts())
        assert any(isinstance(route, APIRoute) for route in app.routes)
        async with asking(app, None) as client:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "acme" not in answer.text
