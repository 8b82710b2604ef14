import asyncio
from pathlib import Path

import pytest

from limits.clock import ManualClock
from limits.ledger import Order
from tests.faults.exact import ECHO, balances
from tests.faults.test_unwritable_book import full_disk
from tests.gateway.live import live

pytestmark = pytest.mark.anyio


async def test_a_hold_that_nobody_settled_is_charged_in_full_and_that_is_in_the_book(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, clock=clock) as gate:
        ledger = gate.ledger
        ledger.books.hold(Order("lost", ("tenant:acme",), 500, 1, 1, clock.utc_us() + 1_000_000))
        await gate.app.housekeeping.expire()
        assert ledger.books.is_open("lost")
        clock.turn(2)
        await gate.app.housekeeping.expire()
        balances = ledger.books.balances("tenant:acme")
        assert balances is not None
        assert balances.nano == 500
        (record,) = gate.records("ledger")
        assert record["ledger"] == [{"t": "expire1", "id": "lost"}]
        assert record["reason"] == "expired"
        await gate.app.housekeeping.expire()
        assert len(gate.records("ledger")) == 1


async def test_expired_runs_are_forgotten_in_memory_and_on_disk(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, clock=clock) as gate:
        run = (await gate.http.post("/v1/runs", json={})).json()
        clock.turn(40 * 86_400)
        await gate.app.housekeeping.minute()
        assert gate.app.house.directory.run(run["id"]) is None
        assert gate.app.house.book.query("SELECT count(*) FROM state_run") == [(0,)]


async def test_strangers_are_written_once_a_minute_and_not_lost_while_the_disk_is_full(tmp_path: Path) -> None:
    async with live(tmp_path, script=ECHO) as gate:
        for _ in range(3):
            await gate.http.post("/v1/chat/completions", headers={"authorization": "Bearer x"}, json={})
        with full_disk(), pytest.raises(Exception, match="cannot be written"):
            await gate.app.housekeeping.minute()
        await gate.app.housekeeping.minute()
        await gate.app.housekeeping.minute()
        (record,) = gate.records("strangers")
        assert record["counts"] == {"invalid_api_key": 3}


async def test_the_loop_outlives_a_full_disk_and_ends_when_told(tmp_path: Path) -> None:
    clock = ManualClock()
    async with live(tmp_path, script=ECHO, clock=clock) as gate:
        order = Order("a", ("tenant:acme",), 100, 10, 10, clock.utc_us() + 1_000_000)
        gate.ledger.books.hold(order)
        clock.turn(2)
        with full_disk():
            await asyncio.sleep(1.2)
        await asyncio.sleep(1.1)
        # A write that failed may be there all the same: then it is there twice, which a replay counts once.
        assert gate.records("ledger")
        assert balances(gate).nano == 100
    assert all(task.done() for task in gate.app.housekeeping._tasks)
