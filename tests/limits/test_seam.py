import pytest

from limits.accounts import Cap
from limits.clock import SystemClock
from limits.entries import CountEntry, HoldEntry, SettleEntry
from limits.ledger import Order
from limits.refusals import Ended, Exceeded
from limits.runs import RunLimits
from limits.seam import Ledger, LocalLedger
from limits.standing import Charge

pytestmark = pytest.mark.anyio


async def test_a_call_s_whole_life_goes_through_the_seam() -> None:
    clock = SystemClock()
    local = LocalLedger(clock)
    ledger: Ledger = local
    local.books.set_caps("tenant:t", [Cap("nano_usd", 100)])
    opened = await ledger.open_run("r", RunLimits(steps=1), 2**60)
    assert not isinstance(opened, Exceeded | Ended)
    assert isinstance(await ledger.count("r", "steps"), CountEntry)
    assert isinstance(await ledger.count("r", "steps"), Exceeded)
    scopes = (*local.books.scopes_of("r"), "tenant:t")
    assert (await ledger.affordable(scopes)).nano == 100
    until = clock.monotonic_ns() + 1_000_000_000
    order = Order("h", scopes, 60, 1, 1, 2**60)
    assert isinstance(await ledger.hold(order, tenant="t", run="r", until_ns=until), HoldEntry)
    entry = ledger.settle("h", Charge(50, 1, 1))
    assert isinstance(entry, SettleEntry)
    ledger.apply(entry)
    assert (await ledger.affordable(scopes)).nano == 50
    assert str(await ledger.hold(Order("g", ("run:x",), 1, 1, 1, 1), tenant="t", run="x", until_ns=until)) == (
        "run:x has ended: unknown"
    )
    ledger.drop("g")
    assert ledger.expire() == []
