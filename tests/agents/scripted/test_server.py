import asyncio

import httpx
import pytest

from agents.scripted import Script, ScriptedServer

pytestmark = pytest.mark.anyio
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


async def test_a_refusing_server_accepts_again_on_the_same_port() -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        url = f"{server.url}/v1/chat/completions"
        assert (await client.post(url, json=BODY)).status_code == 200
        await server.refuse()
        with pytest.raises(httpx.TransportError):
            await client.post(url, json=BODY)
        await server.accept()
        assert (await client.post(url, json=BODY)).status_code == 200


async def test_control_works_over_http_and_refuses_for_a_while() -> None:
    async with ScriptedServer(Script(models=("a", "b"))) as server, httpx.AsyncClient() as client:
        url = f"{server.url}/v1/chat/completions"
        models = (await client.get(f"{server.url}/v1/models")).json()
        assert [model["id"] for model in models["data"]] == ["a", "b"]
        order = {"fault": {"kind": "status", "status": 503, "times": 1}}
        assert (await client.post(f"{server.url}/control", json=order)).json() == {"ok": True}
        assert (await client.post(url, json=BODY)).status_code == 503
        assert (await client.post(url, json=BODY)).status_code == 200
        assert (await client.get(f"{server.url}/bill")).json()["total"]["requests"] == 1
        await client.post(f"{server.url}/control", json={"clear": True, "refuse_s": 0.3})
        await asyncio.sleep(0.05)
        with pytest.raises(httpx.TransportError):
            await client.post(url, json=BODY)
        async with asyncio.timeout(5):
            while server._server is None:  # noqa: ASYNC110  # a timer ends it
                await asyncio.sleep(0.02)
        assert (await client.post(url, json=BODY)).status_code == 200
        assert server.bill.total.requests == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 404),
        ("GET", "/nothing", 404),
        ("GET", "/control", 404),
        ("POST", "/control", 400),
    ],
)
async def test_what_is_not_there_or_not_understood_is_said(method: str, path: str, status: int) -> None:
    async with ScriptedServer() as server, httpx.AsyncClient() as client:
        got = await client.request(method, server.url + path, content=b'{"explode": true}')
        assert got.status_code == status
        assert got.json()["error"]["message"]


def test_synchronous_code_serves_from_a_thread() -> None:
    with ScriptedServer().in_thread() as server:
        got = httpx.post(f"{server.url}/v1/chat/completions", json=BODY).json()
        assert got["choices"][0]["message"]["content"] == "hi"
        assert server.bill.total.requests == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_taken_port_is_an_error_of_the_caller() -> None:
    with ScriptedServer().in_thread() as server:
        second = ScriptedServer(port=server.port).in_thread()
        with pytest.raises(OSError, match="in use"):
            second.__enter__()
