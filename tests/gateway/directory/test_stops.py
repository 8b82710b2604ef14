"""The kill switch: what a key or tenant asks is refused, what it has under way is cut, also after a restart."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.scripted import Reply, Rule
from gateway.directory.stops import Stops
from gateway.errors import AuditUnavailable, NotFound
from tests.faults.exact import balances, ends, nothing_lost, script
from tests.gateway.directory.test_registry import FullBook
from tests.gateway.live import Live, chat, live
from tests.gateway.operator import opened, write_config

pytestmark = pytest.mark.anyio
PATH = "/v1/chat/completions"
TELL = script(rules=(Rule((Reply("word by word " * 200, event_gap_s=0.05),), match="tell"),))


async def streaming(gate: Live, **headers: str) -> "asyncio.Task[str]":
    """Begin a stream and return, once its first event is here, the task that reads it to its end."""
    begun = asyncio.Event()

    async def read() -> str:
        text = ""
        async with gate.http.stream("POST", PATH, json=chat("tell", stream=True), headers=headers) as reply:
            async for piece in reply.aiter_text():
                text += piece
                begun.set()
        return text

    task = asyncio.ensure_future(read())
    async with asyncio.timeout(10):
        await begun.wait()
    return task


def code(reply: httpx.Response) -> Any:
    return reply.json()["error"]["code"]


@pytest.mark.parametrize("kind", ["key", "tenant"])
async def test_a_stop_cuts_streams_refuses_all_that_comes_and_is_lifted(tmp_path: Path, kind: Any) -> None:
    async with live(tmp_path, script=TELL) as gate, nothing_lost(gate, ended=3):
        stops, name = gate.app.stops, gate.key.id if kind == "key" else "acme"
        stream = await streaming(gate)
        await stops.stop("local:7", kind, name)
        text = await asyncio.wait_for(stream, 5)
        assert "run_ended" in text
        assert "[DONE]" not in text
        refused = await gate.http.post(PATH, json=chat("hello"))
        assert (refused.status_code, code(refused)) == (402, "run_ended")
        assert "stopped by an administrator" in refused.json()["error"]["message"]
        await stops.lift("local:7", kind, name)
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200
        changes = [record["change"]["new"] for record in gate.records("admin")][-2:]
        assert changes == [{"stopped": 1}, {"stopped": 0}]
        assert balances(gate).state == "open"


async def test_a_stop_outlives_a_restart_and_a_declared_key_can_be_stopped_too(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    with opened(path) as operator:
        stops = Stops(operator.directory, operator.house.book, operator.local)
        await stops.stop("local:7", "key", "acme.ci")
        await stops.stop("local:7", "key", "acme.ci")
        await Stops(operator.directory, operator.house.book, None).stop("local:7", "tenant", "acme")
    with opened(path) as operator:
        assert operator.directory.stopped == {"key:acme.ci", "tenant:acme"}
        killed = operator.ledger.balances("key:acme.ci")
        assert killed is not None
        assert killed.state == "killed"
        await Stops(operator.directory, operator.house.book, None).lift("local:7", "tenant", "acme")
        assert operator.directory.stopped == {"key:acme.ci"}


async def test_where_the_book_cannot_be_written_a_stop_still_stops_and_is_not_lifted(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        stops = Stops(operator.directory, FullBook(), operator.local)
        with pytest.raises(AuditUnavailable, match="until a restart"):
            await stops.stop("local:7", "tenant", "acme")
        assert operator.directory.stopped == {"tenant:acme"}
        with pytest.raises(AuditUnavailable, match="stays stopped"):
            await stops.lift("local:7", "tenant", "acme")
        assert operator.directory.stopped == {"tenant:acme"}


async def test_who_does_not_exist_or_administrates_cannot_be_stopped(tmp_path: Path) -> None:
    with opened(write_config(tmp_path)) as operator:
        stops = Stops(operator.directory, operator.house.book, operator.local)
        admin = next(operator.directory.keys_of("house")).id
        for kind, name in (("key", "nobody"), ("tenant", "nobody"), ("tenant", "house"), ("key", admin)):
            with pytest.raises(NotFound):
                await stops.stop("local:7", kind, name)  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["child", "parent", "admin"])
async def test_cancelling_a_run_cuts_its_streams_and_those_of_its_children(tmp_path: Path, by: str) -> None:
    async with live(tmp_path, script=TELL) as gate, nothing_lost(gate, ended=3):
        parent = (await gate.http.post("/v1/runs", json={})).json()
        own = {"authorization": f"Bearer {parent['key']}"}
        child = (await gate.http.post("/v1/runs", json={}, headers=own)).json()
        above = await streaming(gate, **own)
        below = await streaming(gate, authorization=f"Bearer {child['key']}")
        beside = await streaming(gate)
        if by == "admin":
            await gate.app.registry.end_run("local:7", parent["id"], "killed")
        else:
            await gate.http.post(f"/v1/runs/{(child if by == 'child' else parent)['id']}/cancel")
        assert "run_ended" in await asyncio.wait_for(below, 5)
        if by == "child":
            assert not above.done()
            await gate.http.post(f"/v1/runs/{parent['id']}/cancel")
        assert "run_ended" in await asyncio.wait_for(above, 5)
        assert not beside.done()
        await gate.app.registry.revoke_key("local:7", gate.key.id)
        assert "run_ended" in await asyncio.wait_for(beside, 5)
        gate.token = await gate.new_key()
        gate.http.headers["authorization"] = f"Bearer {gate.token}"


async def test_a_stream_ends_with_its_run_s_wall_clock(tmp_path: Path) -> None:
    async with live(tmp_path, script=TELL) as gate:
        run = (await gate.http.post("/v1/runs", json={"limits": {"seconds": 1}})).json()
        stream = await streaming(gate, authorization=f"Bearer {run['key']}")
        text = await asyncio.wait_for(stream, 5)
        assert "budget_exceeded" in text
        (record,) = ends(gate)
        assert (record["status"]["param"], record["status"]["limit"]) == ("run.seconds", 1)
        late = await gate.http.post(PATH, json=chat("hi"), headers={"authorization": f"Bearer {run['key']}"})
        assert (late.status_code, late.json()["error"]["param"]) == (402, "run.seconds")
