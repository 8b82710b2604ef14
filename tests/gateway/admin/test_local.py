"""The unix socket: the kernel says who connects; no header says it."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gateway.admin import serve_local
from gateway.admin.app import build
from gateway.admin.local import short
from tests.gateway.operator import opened, write_config


def over(name: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=name), base_url="http://t")


async def test_a_user_of_this_machine_needs_no_key_and_is_named_in_the_book(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        path = operator.house.config.admin_socket
        async with serve_local(build(operator.parts()), path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            async with over(str(path)) as client:
                made = await client.post(
                    "/admin/tenants", json={"id": "globex"}, headers={"tollhouse.local": "local:9"}
                )
                assert made.status_code == 201
        assert f'"actor":"local:{os.getuid()}"' in operator.records()[-1]
        assert not path.exists()


async def test_a_dead_owners_socket_is_replaced(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        path = operator.house.config.admin_socket
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        async with serve_local(build(operator.parts()), path), over(str(path)) as client:
            assert (await client.get("/livez")).status_code == 200


async def test_a_path_longer_than_a_socket_may_have_works_all_the_same(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 80) / ("b" * 80)
    deep.mkdir(parents=True)
    with opened(write_config(deep)) as operator:
        path = operator.house.config.admin_socket
        async with serve_local(build(operator.parts()), path):
            with short(path) as name:
                assert len(name) < 100 < len(str(path))
                async with over(name) as client:
                    assert (await client.get("/admin/tenants")).status_code == 200


@pytest.mark.skipif(os.getuid() != 0, reason="only root can speak as somebody else")
async def test_another_user_is_not_heard_even_if_the_socket_lets_them_in(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        path = operator.house.config.admin_socket
        async with serve_local(build(operator.parts()), path):
            for each in (path, *path.parents[:3]):
                each.chmod(0o777)
            code = (
                "import os,socket,sys; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                "s.sendall(b'GET /admin/tenants HTTP/1.1\\r\\nhost: t\\r\\n\\r\\n'); sys.stdout.write(repr(s.recv(99)))"
            )
            for parent in path.parents:
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(0o711)
            process = await asyncio.create_subprocess_exec(
                "/usr/bin/env",
                "python3",
                "-c",
                code,
                str(path),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            assert b"200" not in out
            assert out == b"b''" or b"ConnectionResetError" in err or b"BrokenPipe" in err


async def test_a_socket_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        app = build(operator.parts())
        with pytest.raises(OSError, match="No such file"):
            async with serve_local(app, tmp_path / "none" / "admin.sock"):
                pass


async def test_a_request_under_way_may_end_at_shutdown(tmp_path: Path) -> None:
    started, done = asyncio.Event(), asyncio.Event()

    async def slow(_: Scope, __: Receive, send: Send) -> None:
        started.set()
        await done.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def ask() -> int:
        async with over(str(tmp_path / "s")) as client:
            return (await client.get("/")).status_code

    async with serve_local(slow, tmp_path / "s"):
        asked = asyncio.create_task(ask())
        await started.wait()
        asyncio.get_running_loop().call_later(0.05, done.set)
    assert await asked == 204
