"""Who speaks is told by the headers alone."""

from pathlib import Path

import pytest

from gateway.stages.authenticate import token_of
from tests.faults.exact import ECHO, ends
from tests.gateway.live import chat, live

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"x-api-key": "abc"}, "abc"),
        ({"api-key": "abc"}, "abc"),
        ({"authorization": "Basic x", "x-api-key": "abc"}, "abc"),
        ({"authorization": "Bearer abc", "x-api-key": "other"}, "abc"),
        ({"authorization": "Bearer"}, None),
        ({"authorization": "Bearer "}, None),
        ({}, None),
    ],
)
def test_a_token_is_taken_from_where_clients_put_it(headers: dict[str, str], token: str | None) -> None:
    assert token_of(headers) == token


async def test_keys_of_operators_call_nothing_and_that_is_recorded(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        for role in ("admin", "approver"):
            _, token = await gate.app.registry.create_key("test", "acme", name=role, role=role)
            headers = {"authorization": f"Bearer {token}"}
            reply = await gate.http.post("/v1/chat/completions", json=chat("x"), headers=headers)
            assert (reply.status_code, reply.json()["error"]["code"]) == (403, "not_allowed")
        assert [record["status"]["code"] for record in ends(gate)] == ["not_allowed"] * 2
        assert not gate.upstream.seen


async def test_a_key_ends_with_its_time_and_with_its_tenant(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        over = {"authorization": f"Bearer {await gate.new_key(expires_us=1)}"}
        assert (await gate.http.get("/v1/models", headers=over)).status_code == 401
        await gate.app.registry.disable_tenant("test", "acme", disabled=True)
        assert (await gate.http.post("/v1/chat/completions", json=chat("x"))).status_code == 401
        await gate.app.registry.disable_tenant("test", "acme", disabled=False)
        assert (await gate.http.post("/v1/chat/completions", json=chat("x"))).status_code == 200
