"""Several processes on one Redis: the cap is never passed, it is reached, and nobody is left out."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock, SystemClock
from limits.entries import ExpireEntry, RefundEntry
from limits.runs import RunLimits
from tests.limits.redis.ledgers import opened
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]
CAP = 20_000


async def crowd(url: str, number: int, calls: int) -> dict[str, int]:
    """Let a process make its calls; return what it tells of them."""
    command = [sys.executable, "-m", "tests.limits.redis.crowd", url, str(number), str(calls)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    made: dict[str, int] = json.loads(told)
    return made


async def test_what_a_killed_process_held_is_charged_in_full_by_another() -> None:
    with Redis() as server:
        ledger = await opened(server.url, SystemClock())
        await ledger.set_caps("tenant:t", [Cap("nano_usd", CAP)], tenant="t")
        for number in range(6):
            await ledger.open_run(f"r{number}", RunLimits(nano_usd=CAP), 2**52, tenant="t")
        await ledger.open_run("p", RunLimits(tokens=50_000), 2**52, tenant="u")
        await ledger.open_run("c0", RunLimits(tokens=50_000), 2**52, "p", tenant="u")
        command = [sys.executable, "-m", "tests.limits.redis.crowd", server.url, "0", "2000"]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        found = None
        async with asyncio.timeout(30):
            while found is None or not (found.nano and found.caps[0].held):
                found = await ledger.balances("tenant:t", tenant="t")
        process.kill()
        await process.wait()
        later = await opened(server.url, ManualClock(SystemClock().utc_us() + 120_000_000))
        before = await later.balances("tenant:t", tenant="t")
        await later.balances("run:p", tenant="u")
        expired: list[ExpireEntry | RefundEntry] = []
        while entries := await later.expire():
            expired += entries
        after = await later.balances("tenant:t", tenant="t")
        run = await later.balances("run:p", tenant="u")
        await ledger.stop()
        await later.stop()
    assert expired
    assert before is not None
    assert after is not None
    assert run is not None
    assert after.nano == after.caps[0].settled == before.caps[0].settled + before.caps[0].held <= CAP
    assert after.caps[0].held == run.caps[0].held == 0


async def test_500_calls_of_four_processes_spend_the_cap_and_not_a_nano_dollar_more() -> None:
    """And five children of a run of 50,000 tokens, four of them in processes of their own, all make progress."""
    with Redis() as server:
        ledger = await opened(server.url, SystemClock())
        await ledger.set_caps("tenant:t", [Cap("nano_usd", CAP), Cap("nano_usd", CAP, "month")], tenant="t")
        await ledger.set_caps("key:k", [Cap("concurrency", 40)], tenant="t")
        await ledger.set_caps("tenant:u", [Cap("tokens", 10**6, "day")], tenant="u")
        for number in range(6):
            await ledger.open_run(f"r{number}", RunLimits(nano_usd=CAP), 2**60, tenant="t")
        await ledger.open_run("p", RunLimits(tokens=50_000), 2**60, tenant="u")
        for number in range(5):
            await ledger.open_run(f"c{number}", RunLimits(tokens=50_000), 2**60, "p", tenant="u")
        told = await asyncio.gather(*(crowd(server.url, number, 125 if number < 4 else 0) for number in range(5)))
        assert sum(each["calls"] for each in told) == 500
        spent = sum(each["billed"] for each in told)
        tenant = await ledger.balances("tenant:t", tenant="t")
        key = await ledger.balances("key:k", tenant="t")
        run = await ledger.balances("run:p", tenant="u")
        await ledger.stop()
    assert tenant is not None
    assert key is not None
    assert run is not None
    assert 0.95 * CAP <= spent <= CAP
    assert [(cap.settled, cap.held) for cap in tenant.caps] == [(spent, 0), (spent, 0)]
    assert (tenant.nano, key.nano, key.caps[0].held) == (spent, spent, 0)
    assert [each["child"] for each in told] == [5] * 5
    assert run.caps[0].settled == sum(each["tokens"] for each in told) == 37_500
    assert run.caps[0].held == 0
