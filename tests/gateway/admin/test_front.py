"""The front: health without the framework, everything else by it, and on the clients' port nothing else."""

import asyncio
from pathlib import Path

from gateway.admin import Front
from tests.gateway.operator import asking, opened, write_config


async def test_everything_but_health_is_the_frameworks_built_once(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        front = Front(operator.parts())
        async with asking(front, operator.house.admin_token) as client:
            answers = await asyncio.gather(*(client.get("/admin/tenants") for _ in range(3)))
            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert (await client.get("/docs")).status_code == 200
            assert (await client.get("/nothing")).status_code == 404
        async with asking(front, None) as client:
            assert (await client.get("/admin/tenants")).status_code == 401


async def test_on_the_clients_port_there_is_only_health_if_administrators_have_their_own(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with asking(Front(operator.parts(), only_health=True), operator.house.admin_token) as client:
            assert (await client.get("/readyz")).status_code == 200
            for path in ("/admin/tenants", "/docs", "/openapi.json"):
                answer = await client.get(path)
                assert answer.status_code == 404
                assert answer.json()["error"]["message"] == "there is nothing at this path"


async def test_health_is_only_asked_for(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        async with asking(Front(operator.parts()), None) as client:
            answer = await client.post("/readyz")
            assert answer.status_code == 403
            assert answer.json()["error"]["message"] == "POST is not done at this path"
