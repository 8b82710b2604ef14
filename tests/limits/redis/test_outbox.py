"""What is sent in the background arrives, later if it must; too much of it stops new calls."""

import logging
from collections.abc import Iterator

import pytest

from limits.clock import ManualClock
from limits.entries import HoldEntry
from limits.ledger import Order
from limits.redis.asking import Unavailable
from limits.redis.outbox import Outbox
from limits.standing import Charge
from tests.limits.redis.ledgers import command, flush, opened, settled
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


async def test_nothing_new_begins_while_too_much_waits_to_be_charged(server: Redis) -> None:
    flush(server.url)
    clock = ManualClock()
    ledger = await opened(server.url, clock)
    ledger.outbox = Outbox(ledger.link, clock, items_max=1)
    order = Order("a", ("tenant:t",), 5, 0, 0, 2**52)
    assert isinstance(await ledger.hold(order, tenant="t", run="r", until_ns=0), HoldEntry)
    await ledger.link.stop()
    entry = ledger.settle("a", Charge(5))
    assert entry is not None
    ledger.apply(entry)
    with pytest.raises(Unavailable, match="too much waits"):
        await ledger.hold(order, tenant="t", run="r", until_ns=0)
    await ledger.stop()


async def test_what_finds_the_connection_full_is_sent_at_the_next(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, ManualClock())
    wire = ledger.link.wire
    assert wire is not None
    wire._max = 0
    ledger.pause_run("r", tenant="t")
    assert len(ledger.outbox) == 1
    wire.close()
    await settled(ledger)
    await ledger.stop()


async def test_charges_are_kept_for_two_minutes_in_case_redis_is_filled_anew(server: Redis) -> None:
    flush(server.url)
    clock = ManualClock()
    ledger = await opened(server.url, clock)
    for name, turn in (("a", 100), ("b", 100), ("c", 0)):
        order = Order(name, ("tenant:t",), 5, 0, 0, 2**52)
        assert isinstance(await ledger.hold(order, tenant="t", run="r", until_ns=0), HoldEntry)
        entry = ledger.settle(name, Charge(5))
        assert entry is not None
        ledger.apply(entry)
        await settled(ledger)
        clock.turn(turn)
    assert [item.argument[1] for item in ledger.outbox._charged] == ["b", "c"]
    await ledger.stop()


async def test_what_redis_refuses_for_good_is_logged_and_left(server: Redis, caplog: pytest.LogCaptureFixture) -> None:
    flush(server.url)
    ledger = await opened(server.url, ManualClock())
    await ledger.set_caps("tenant:t", [], tenant="t")
    command(server.url, "SET", f"th:{{t}}:{ledger.link.generation}:a:run:r", "no account")
    with caplog.at_level(logging.ERROR):
        ledger.pause_run("r", tenant="t")
        await settled(ledger)
    assert "Redis refuses pause" in caplog.text
    await ledger.stop()


async def test_a_tenant_new_to_redis_is_let_in_by_what_is_sent_too_unless_redis_was_emptied(server: Redis) -> None:
    flush(server.url)
    ledger = await opened(server.url, ManualClock())
    ledger.pause_run("r", tenant="u")
    await settled(ledger)
    flush(server.url)
    ledger.pause_run("r", tenant="v")
    await settled(ledger)
    assert ledger.link.generation == 2
    await ledger.stop()
