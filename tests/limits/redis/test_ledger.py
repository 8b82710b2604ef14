"""Accounts and runs on a real Redis, where they differ from the embedded ledger's cases (`test_same_cases.py`)."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CountEntry, HoldEntry, RunOpenedEntry, SettleEntry
from limits.ledger import Crossing, Order
from limits.redis import RedisLedger
from limits.refusals import Ended, Exceeded, Held
from limits.runs import RunLimits
from limits.standing import Charge
from limits.windows import FOREVER
from tests.limits.redis.ledgers import command, flush, opened, settled
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio
DAY_S = 86_400


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def ledger(server: Redis, clock: ManualClock) -> AsyncIterator[RedisLedger]:
    flush(server.url)
    made = await opened(server.url, clock)
    yield made
    await made.stop()


async def hold(ledger: RedisLedger, name: str, nano: int, *scopes: str) -> object:
    order = Order(name, scopes or ("tenant:t",), nano, 0, 0, 2**52)
    return await ledger.hold(order, tenant="t", run="r", until_ns=0)


async def charge(ledger: RedisLedger, name: str, nano: int, *scopes: str) -> None:
    assert isinstance(await hold(ledger, name, nano, *scopes), HoldEntry)
    entry = ledger.settle(name, Charge(nano))
    assert isinstance(entry, SettleEntry)
    ledger.apply(entry)
    await settled(ledger)


async def test_windows_follow_the_tenant_s_time_zone_in_every_process(
    server: Redis, clock: ManualClock, ledger: RedisLedger
) -> None:
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 10, "day")], "Asia/Tokyo", tenant="t")
    other = await opened(server.url, clock)
    assert isinstance(await hold(other, "a", 10), HoldEntry)
    clock.turn(14 * 3_600)
    assert isinstance(await hold(ledger, "b", 10), Held)
    clock.turn(3_600)
    assert isinstance(await hold(other, "b", 10), HoldEntry)
    await other.stop()


async def test_a_changed_time_zone_forgets_nothing_that_was_spent_today(ledger: RedisLedger) -> None:
    caps = [Cap("nano_usd", 10, "day"), Cap("nano_usd", 100)]
    await ledger.set_caps("tenant:t", caps, "Asia/Tokyo", tenant="t")
    await charge(ledger, "a", 9)
    assert await ledger.set_caps("tenant:t", caps, "America/New_York", tenant="t") is not None
    assert isinstance(await hold(ledger, "b", 2), Exceeded)
    assert isinstance(await hold(ledger, "b", 1), HoldEntry)


async def test_a_cap_set_later_counts_days_of_its_week_and_month_and_what_is_held(
    ledger: RedisLedger, clock: ManualClock
) -> None:
    clock.set_utc_us(1_768_910_400_000_000)  # a Tuesday, 2026-01-20
    await charge(ledger, "a", 5)
    clock.turn(7 * DAY_S)
    await charge(ledger, "b", 20)
    clock.turn(DAY_S)
    await charge(ledger, "c", 30)
    assert isinstance(await hold(ledger, "open", 7), HoldEntry)
    windows = ("minute", "day", "week", "month", "total")
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 100, window) for window in windows], tenant="t")
    found = await ledger.balances("tenant:t", tenant="t")
    assert found is not None
    by_window = {cap.window: (cap.settled, cap.held) for cap in found.caps}
    assert by_window == {"minute": (0, 7), "day": (30, 7), "week": (50, 7), "month": (55, 7), "total": (55, 7)}
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 100, "day")], tenant="t")
    ledger.drop("open")
    await settled(ledger)
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 100), Cap("nano_usd", 100, "day")], tenant="t")
    found = await ledger.balances("tenant:t", tenant="t")
    assert found is not None
    assert {cap.window: (cap.settled, cap.held) for cap in found.caps} == {"total": (55, 0), "day": (30, 0)}


async def test_a_soft_cap_lets_pass_and_tells_the_process_that_crossed_it_once(ledger: RedisLedger) -> None:
    soft = Cap("nano_usd", 50, hard=False)
    await ledger.set_caps("tenant:t", [soft, Cap("nano_usd", 90)], tenant="t")
    for name in "abc":
        await charge(ledger, name, 30)
    assert ledger.drain_crossings() == [Crossing("tenant:t", soft, 60)]
    assert ledger.drain_crossings() == []
    assert isinstance(await hold(ledger, "d", 1), Exceeded)


async def test_an_account_s_cap_a_call_bounds_every_hold_and_what_is_affordable(ledger: RedisLedger) -> None:
    await ledger.set_caps("key:k", [Cap("nano_usd", 10, "call"), Cap("tokens", 9, "call", hard=False)], tenant="t")
    answer = await hold(ledger, "a", 11, "key:k", "tenant:t")
    assert answer == Exceeded("key:k", "nano_usd", "call", 10, 0, 11)
    assert (await ledger.affordable(("key:k", "tenant:t"), tenant="t")).nano == 10
    assert ledger.glance(("key:k",)).nano == 10
    assert ledger.glance(("never asked",)).nano == FOREVER


async def test_amounts_are_exact_up_to_the_largest_and_refused_above_it(ledger: RedisLedger) -> None:
    """2^53 nano-dollars are nine million dollars; past them Lua's numbers would round."""
    top = 2**53
    await ledger.set_caps("tenant:t", [Cap("nano_usd", top)], tenant="t")
    assert await hold(ledger, "over", top + 1) == Exceeded("call", "nano_usd", "call", top, 0, top + 1)
    await charge(ledger, "a", top - 3)
    assert isinstance(await hold(ledger, "b", 4), Exceeded)
    assert isinstance(await hold(ledger, "c", 2), HoldEntry)
    assert isinstance(await hold(ledger, "d", 2), Held)
    assert isinstance(await hold(ledger, "e", 1), HoldEntry)
    for name, nano in (("c", 2), ("e", 1)):
        entry = ledger.settle(name, Charge(nano))
        assert entry is not None
        ledger.apply(entry)
    await settled(ledger)
    found = await ledger.balances("tenant:t", tenant="t")
    assert found is not None
    assert (found.nano, found.caps[0].settled, found.caps[0].held) == (top, top, 0)
    assert isinstance(await hold(ledger, "f", 1), Exceeded)


async def test_sums_without_a_hard_cap_are_exact_far_beyond_that(ledger: RedisLedger) -> None:
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 2**53, hard=False)], tenant="t")
    for number in range(5):
        await charge(ledger, f"a{number}", 2**53 - 1)
    await charge(ledger, "b", 7)
    found = await ledger.balances("tenant:t", tenant="t")
    assert found is not None
    assert found.nano == found.caps[0].settled == 5 * (2**53 - 1) + 7
    assert [crossing.cap.limit for crossing in ledger.drain_crossings()] == [2**53]


async def test_what_is_remembered_is_bounded(server: Redis, clock: ManualClock) -> None:
    ledger = await opened(server.url, clock, remembered_max=1)
    for run in ("m1", "m2", "m3"):
        await ledger.open_run(run, RunLimits(nano_usd=7), 2**52, tenant="t")
        await ledger.look(run, tenant="t")
        assert isinstance(await ledger.count(run, "steps", tenant="t"), CountEntry)
        assert (await ledger.affordable((f"run:{run}", "tenant:t"), tenant="t")).nano == 7
    assert max(len(ledger._runs), len(ledger._left) - 2, len(ledger._tenant_of_run)) <= 2
    await ledger.stop()


async def test_kills_are_seen_by_every_process_at_once(server: Redis, clock: ManualClock, ledger: RedisLedger) -> None:
    other = await opened(server.url, clock)
    for run, parent in (("p", None), ("c", "p")):
        await ledger.open_run(run, RunLimits(), 2**52, parent, tenant="t")
    seen = await other.look("c", tenant="t")
    assert seen is not None
    assert seen.path == ("run:c", "run:p")
    assert await other.look("c", tenant="t") is seen, "who the ancestors are does not change"
    await ledger.kill("run:p", tenant="t")
    await ledger.kill("run:p", on=False, tenant="t")
    assert await hold(other, "a", 1, *seen.path) == Ended("run:p", "killed")
    assert await other.count("c", "steps", tenant="t") == Ended("run:p", "killed")
    child = await other.balances("run:c", tenant="t")
    assert child is not None
    assert child.state == "killed"
    await ledger.kill("tenant:t", tenant="t")
    assert await hold(other, "b", 1) == Ended("tenant:t", "killed")
    await ledger.kill("tenant:t", on=False, tenant="t")
    assert isinstance(await hold(other, "b", 1), HoldEntry)
    await other.stop()


async def test_runs_end_expire_pause_and_count_as_the_embedded_ledger_s_do(
    ledger: RedisLedger, clock: ManualClock
) -> None:
    now = clock.utc_us()
    limits = RunLimits(agents=2, depth=2, steps=2, seconds=10)
    opened_ = await ledger.open_run("p", limits, now + 60_000_000, tenant="t")
    assert opened_ == RunOpenedEntry("p", now, now + 60_000_000, limits.as_dict())
    child = await ledger.open_run("a", RunLimits(), 2**52, "p", tenant="t")
    assert isinstance(child, RunOpenedEntry)
    await ledger.open_run("b", RunLimits(), 2**52, "a", tenant="t")
    deep = await ledger.open_run("c", RunLimits(), 2**52, "b", tenant="t")
    many = await ledger.open_run("c", RunLimits(), 2**52, "a", tenant="t")
    assert (str(deep)[:12], str(many)[:13]) == ("run:p: depth", "run:p: agents")
    assert await ledger.open_run("c", RunLimits(), 2**52, "nobody", tenant="t") == Ended("run:nobody", "unknown")
    step = await ledger.count("b", "steps", tenant="t")
    assert isinstance(step, CountEntry)
    assert isinstance(await ledger.count("b", "steps", tenant="t"), CountEntry)
    assert await ledger.count("b", "steps", tenant="t") == Exceeded("run:p", "steps", "total", 2, 2, 1)
    seen = await ledger.look("b", tenant="t", fresh=True)
    assert seen is not None
    assert (list(seen.counts), seen.until_us()) == ([2, 0, 0, 0], now + 10_000_000)
    assert seen.refuse_count(0, 1) == Exceeded("run:p", "steps", "total", 2, 2, 1)
    assert seen.refuse_count(1, 1) is None
    ledger.apply(ledger.give_back(step))
    ledger.apply(ledger.give_back(CountEntry("never counted here", "steps")))
    await settled(ledger)
    assert isinstance(await ledger.count("b", "steps", tenant="t"), CountEntry)
    clock.turn(6)
    ledger.pause_run("p", tenant="t")
    ledger.pause_run("nobody", tenant="t")
    await settled(ledger)
    clock.turn(20)
    ledger.pause_run("p", on=False, tenant="t")
    await settled(ledger)
    clock.turn(3)
    assert isinstance(await hold(ledger, "h", 1, "run:p"), HoldEntry)
    clock.turn(1)
    assert await hold(ledger, "i", 1, "run:p") == Ended("run:p", "seconds")
    balances = await ledger.balances("run:p", tenant="t")
    assert balances is not None
    assert (balances.state, balances.counts["agents"]) == ("seconds", 2)
    clock.turn(60)
    assert await hold(ledger, "i", 1, "run:a") == Ended("run:a", "expired"), "no later than its parent"
    assert await ledger.end_run("p", tenant="t") is not None
    assert await ledger.end_run("p", tenant="t") is None
    assert await ledger.open_run("d", RunLimits(), 2**52, "p", tenant="t") == Ended("run:p", "ended")
    assert await ledger.look("nobody", tenant="t") is None
    assert await ledger.forget_runs() == 0


async def test_a_run_leaves_redis_by_itself_a_day_after_it_expired(
    server: Redis, clock: ManualClock, ledger: RedisLedger
) -> None:
    await ledger.open_run("r", RunLimits(), clock.utc_us() + 5_000_000, tenant="t")
    left = command(server.url, "TTL", f"th:{{t}}:{ledger.link.generation}:a:run:r")
    assert 86_400 <= int(left[1:]) <= 86_405


async def test_an_idle_run_takes_less_than_a_kilobyte(server: Redis, clock: ManualClock, ledger: RedisLedger) -> None:
    def used() -> int:
        (line,) = [line for line in command(server.url, "INFO", "memory").split(b"\r\n") if b"used_memory:" in line]
        return int(line.partition(b":")[2])

    limits = RunLimits(nano_usd=500_000_000, tokens=50_000, steps=10, replans=3, agents=10, depth=3, seconds=3_600)
    before = used()
    for start in range(0, 2_000, 100):
        runs = [f"abcdefghijklmnopqrst{number:04d}" for number in range(start, start + 100)]
        await asyncio.gather(*(ledger.open_run(run, limits, clock.utc_us() + 10**10, tenant="t") for run in runs))
    assert (used() - before) / 2_000 < 1_024


async def test_no_key_lies_outside_its_tenant_s_slot(server: Redis, ledger: RedisLedger) -> None:
    await ledger.set_caps("tenant:t", [Cap("nano_usd", 10, "day"), Cap("concurrency", 1)], tenant="t")
    await ledger.open_run("r", RunLimits(), 2**52, tenant="t")
    await charge(ledger, "a", 3, "run:r", "tenant:t")
    await hold(ledger, "b", 3, "run:r", "tenant:t")
    waiting = ledger.hold(Order("c", ("tenant:t",), 1, 0, 0, 2**52), tenant="t", run="r", until_ns=50_000_000)
    waiter = asyncio.ensure_future(waiting)
    await asyncio.sleep(0.05)
    keys = [word for word in command(server.url, "KEYS", "*").split(b"\r\n") if word.startswith(b"th:")]
    assert len(keys) > 6
    assert {key.partition(b"}")[0] for key in keys} == {b"th:{t", b"th:house"}
    with pytest.raises(ValueError, match="no braces"):
        await ledger.balances("tenant:t", tenant="t}{u")
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
