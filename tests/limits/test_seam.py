import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CapsEntry, CountEntry, HoldEntry, KillEntry, RunEndedEntry, RunPausedEntry, SettleEntry
from limits.ledger import Crossing, Order
from limits.refusals import Ended, Exceeded
from limits.runs import RunLimits
from limits.seam import Ledger, LocalLedger
from limits.standing import Charge
from limits.windows import FOREVER

pytestmark = pytest.mark.anyio
WARN = Cap("nano_usd", 10, hard=False)


async def test_a_call_s_whole_life_goes_through_the_seam() -> None:
    clock = ManualClock()
    ledger: Ledger = LocalLedger(clock)
    assert isinstance(await ledger.set_caps("tenant:t", [Cap("nano_usd", 100), WARN], tenant="t"), CapsEntry)
    opened = await ledger.open_run("r", RunLimits(steps=1), 2**60, tenant="t")
    assert not isinstance(opened, Exceeded | Ended)
    step = await ledger.count("r", "steps", tenant="t")
    assert isinstance(step, CountEntry)
    assert isinstance(await ledger.count("r", "steps", tenant="t"), Exceeded)
    seen = await ledger.look("r", tenant="t")
    assert seen is not None
    assert (seen.path, seen.until_us(), list(seen.counts)) == (("run:r",), FOREVER, [1, 0, 0, 0])
    assert seen.refuse_count(0, 1) is not None
    scopes = (*seen.path, "tenant:t")
    assert (await ledger.affordable(scopes, tenant="t")).nano == 100
    until = clock.monotonic_ns() + 1_000_000_000
    order = Order("h", scopes, 60, 1, 1, clock.utc_us() + 1)
    held = await ledger.hold(order, tenant="t", run="r", until_ns=until)
    assert isinstance(held, HoldEntry)
    assert ledger.generation_of(held) is None
    entry = ledger.settle("h", Charge(50, 1, 1))
    assert isinstance(entry, SettleEntry)
    ledger.apply(entry)
    assert ledger.glance(scopes).nano == 50
    assert ledger.drain_crossings() == [Crossing("tenant:t", WARN, 50)]
    balances = await ledger.balances("tenant:t", tenant="t")
    assert balances is not None
    assert balances.nano == 50
    ledger.apply(ledger.give_back(step))
    assert isinstance(await ledger.count("r", "steps", tenant="t"), CountEntry)
    assert await ledger.expire() == []
    assert not ledger.marks.listed


async def test_runs_pause_and_end_and_scopes_are_killed_through_the_seam() -> None:
    clock = ManualClock()
    ledger: Ledger = LocalLedger(clock)
    await ledger.open_run("r", RunLimits(seconds=10), clock.utc_us() + 1, tenant="t")
    seen = await ledger.look("r", tenant="t", fresh=True)
    assert seen is not None
    assert seen.until_us() == clock.utc_us() + 10_000_000
    assert isinstance(ledger.pause_run("r", tenant="t"), RunPausedEntry)
    assert seen.until_us() == FOREVER
    assert isinstance(await ledger.end_run("r", tenant="t"), RunEndedEntry)
    assert isinstance(await ledger.kill("tenant:t", tenant="t"), KillEntry)
    answer = await ledger.hold(Order("g", ("tenant:t",), 1, 1, 1, 1), tenant="t", run="x", until_ns=0)
    assert str(answer) == "tenant:t has ended: killed"
    ledger.drop("g")
    clock.turn(90_000)
    assert await ledger.forget_runs() == 1
    assert await ledger.look("r", tenant="t") is None
