"""Tokens for MCP servers: found by the server's own metadata, fetched once, renewed, and never a client's."""

import base64
import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from gateway.head import HeadLimits
from gateway.server import running
from gateway.tools.oauth import _covers
from tests.gateway.live import Live, live

pytestmark = pytest.mark.anyio

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


class Guarded:
    """An MCP server and its authorization server in one; `good` are the tokens it takes."""

    def __init__(self, **changes: Any) -> None:
        self.url = ""
        self.good: set[str] = set()
        self.forms: list[dict[str, str]] = []
        self.seen: list[tuple[str, str]] = []
        self.clients: list[str] = []
        self.changes = changes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for moment in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{moment}.complete"})
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, said, more = self.answer(scope["method"], scope["path"], headers, body)
        sent = [(b"content-type", b"application/json"), *more]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, list[Any]]:
        self.seen.append((method, path))
        if path not in self.changes:
            return self.good_answer(path, headers, body)
        status, said = self.changes[path]
        return status, {name: str(value).replace("URL", self.url) for name, value in said.items()}, []

    def good_answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, list[Any]]:
        if path == "/metadata":
            told: dict[str, Any] = {"resource": f"{self.url}/mcp", "authorization_servers": [f"{self.url}/tenant"]}
            return 200, {**told, "scopes_supported": ["notes"]}, []
        if path.endswith("/oauth-authorization-server/tenant"):
            return 200, {"issuer": f"{self.url}/tenant", "token_endpoint": f"{self.url}/token"}, []
        if path == "/token":
            self.forms.append(dict(urllib.parse.parse_qsl(body.decode())))
            self.clients.append(headers.get("authorization", ""))
            token = f"t{len(self.forms)}"
            self.good.add(token)
            renewed = {"refresh_token": f"r{len(self.forms)}"} if "refresh_token" in self.forms[-1] else {}
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **renewed}, []
        if path != "/mcp":
            return 404, {}, []
        if headers.get("authorization", "").removeprefix("Bearer ") in self.good:
            return 200, {"jsonrpc": "2.0", "id": 1, "result": {}}, []
        return 401, {}, [(b"www-authenticate", f'Bearer resource_metadata="{self.url}/metadata"'.encode())]


async def asked(gate: Live) -> dict[str, Any]:
    return (await gate.http.post("/mcp/notes", json=PING)).json()  # type: ignore[no-any-return]


def settings(server: Guarded, folder: Path, **oauth: Any) -> dict[str, Any]:
    (folder / "secret").write_text("s:cret")
    known = {"client_id": "house", "client_secret": "file/secret", **oauth}
    return {"name": "notes", "url": f"{server.url}/mcp", "private_networks": ["127.0.0.0/8"], "oauth": known}


async def test_the_server_is_asked_who_gives_tokens_and_one_serves_many_calls(tmp_path: Path) -> None:
    server = Guarded()
    async with running(server, limits=HeadLimits()) as run:
        server.url = run.url
        async with live(tmp_path, mcp=[settings(server, tmp_path)]) as gate:
            assert [(await asked(gate))["result"] for _ in range(3)] == [{}, {}, {}]
            (form,) = server.forms
            assert form == {"grant_type": "client_credentials", "resource": f"{server.url}/mcp", "scope": "notes"}
            assert base64.b64decode(server.clients[0].removeprefix("Basic ")) == b"house:s%3Acret"
            server.good.clear()
            assert (await asked(gate))["result"] == {}
            assert len(server.forms) == 2
            assert gate.token not in str(server.clients)


async def test_a_refresh_token_is_used_and_the_new_one_after_it(tmp_path: Path) -> None:
    (tmp_path / "refresh").write_text("r0")
    server = Guarded()
    async with running(server, limits=HeadLimits()) as run:
        server.url = run.url
        oauth = {"client_secret": None, "refresh_token": "file/refresh", "issuer": f"{server.url}/tenant"}
        async with live(tmp_path, mcp=[settings(server, tmp_path, **oauth, scopes=["a", "b"])]) as gate:
            await asked(gate)
            server.good.clear()
            await asked(gate)
            assert [form["refresh_token"] for form in server.forms] == ["r0", "r1"]
            assert (server.forms[0]["client_id"], server.forms[0]["scope"]) == ("house", "a b")
            assert ("GET", "/metadata") not in server.seen


OTHER = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"/metadata": (404, {})}, "no protected-resource metadata"),
        ({"/metadata": (200, {"authorization_servers": "x"})}, "names no authorization server"),
        ({"/.well-known/oauth-authorization-server/tenant": (404, {})}, "without metadata"),
        ({"/.well-known/oauth-authorization-server/tenant": (200, {"issuer": OTHER})}, "are another's"),
        (
            {"/.well-known/oauth-authorization-server/tenant": (200, {"issuer": "URL/tenant", "token_endpoint": "x"})},
            "no token endpoint over https",
        ),
        ({"/token": (400, {})}, "refused a token with 400"),
        ({"/token": (200, {"access_token": "a"})}, "gave no bearer token"),
        ({"/token": (200, {"access_token": "a\n", "token_type": "bearer"})}, "cannot be sent"),
    ],
)
async def test_each_step_that_fails_says_so_and_nothing_counts_as_sent(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    server = Guarded(**changes)
    async with running(server, limits=HeadLimits()) as run:
        server.url = run.url
        async with live(tmp_path, mcp=[settings(server, tmp_path)]) as gate:
            told = await asked(gate)
            assert words in told["error"]["message"]
            assert told["error"]["data"]["code"] == "upstream_error"


@pytest.mark.parametrize(
    ("resource", "covers"),
    [
        ("https://a.example/mcp", True),
        ("https://a.example/", True),
        ("https://a.example", True),
        ("https://a.example/mc", False),
        ("https://b.example/mcp", False),
        ("http://a.example/mcp", False),
    ],
)
async def test_metadata_are_of_this_resource_or_what_stands_above_it(resource: str, covers: bool) -> None:
    assert _covers(resource, "https://a.example/mcp") is covers


async def test_a_server_that_cannot_be_reached_or_speaks_no_json_says_so(tmp_path: Path) -> None:
    server = Guarded()
    async with running(server, limits=HeadLimits()) as run:
        server.url = run.url
        known = settings(server, tmp_path)
        far = {**known, "name": "far", "url": "http://127.0.0.1:9/mcp"}
        async with live(tmp_path, mcp=[known, far]) as gate:
            told = (await gate.http.post("/mcp/far", json=PING)).json()
            assert "cannot be asked" in told["error"]["message"]
            server.answer = lambda *_: (200, [], [])  # type: ignore[method-assign]
            assert "cannot be read" in (await asked(gate))["error"]["message"]
