"""Redis filled from the book says what the embedded ledger that was replayed from it says, wherever a crash cut it."""

from collections.abc import Iterator
from random import Random

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import CapsEntry, HoldEntry, KillEntry, RunPausedEntry, SettleEntry
from limits.ledger import EmbeddedLedger
from limits.redis.load import tenant_of
from limits.standing import Charge
from tests.limits.redis.ledgers import PlainBook, flush, opened, settled
from tests.limits.test_crash import CAP, SCOPES, live
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@pytest.mark.parametrize("seed", range(6))
async def test_a_filled_redis_equals_the_replayed_ledger(server: Redis, seed: int) -> None:
    chance, story, clock = Random(seed), live(seed), ManualClock()
    clock.turn(3_000)
    cut = chance.randrange(20, len(story.records))
    book = PlainBook(clock)
    caps = ("concurrency/total/hard/50", "nano_usd/call/hard/900", "nano_usd/day/hard/90000", "nano_usd/total/soft/50")
    book.entries = [
        CapsEntry("tenant:elsewhere", ("tokens/total/hard/5",), clock.utc_us()),
        *(entry for record in story.records[:cut] for entry in record),
        CapsEntry("key:k", caps, clock.utc_us()),
        RunPausedEntry("c", clock.utc_us()),
        KillEntry("key:gone"),
        KillEntry("tenant:elsewhere"),
        HoldEntry("of nobody", ("key:gone",), 1, 1, 1, clock.utc_us(), 2**52),
        HoldEntry("nobody's charge", ("key:gone",), 1, 1, 1, clock.utc_us(), 2**52),
        SettleEntry("nobody's charge", 1, 1, 1, "uncertain"),
        HoldEntry("first of its key", ("key:idle", "tenant:t"), 1, 1, 1, clock.utc_us(), clock.utc_us() + 1),
        *(CapsEntry(f"tenant:n{number}", ("tokens/total/hard/5",), clock.utc_us()) for number in range(600)),
    ]
    book.tenants = {"key:gone": "", "tenant:elsewhere": "elsewhere"} | {f"tenant:n{n}": f"n{n}" for n in range(600)}
    whose = book.tenant_of
    book.tenant_of = lambda scope: whose(scope) or None  # type: ignore[method-assign]
    books = await book.books()
    flush(server.url)
    ledger = await opened(server.url, clock, book)
    for scope in (*SCOPES, "tenant:elsewhere"):
        expected = books.balances(scope)
        found = await ledger.balances(scope, tenant="elsewhere" if scope == "tenant:elsewhere" else "t")
        assert expected is not None
        assert found is not None
        assert (found.nano, found.input_tokens, found.output_tokens, found.calls, found.counts, found.state) == (
            expected.nano,
            expected.input_tokens,
            expected.output_tokens,
            expected.calls,
            expected.counts,
            expected.state,
        ), scope
        assert sorted(map(str, found.caps)) == sorted(map(str, expected.caps)), scope
    await ledger.set_caps("tenant:t", [Cap("nano_usd", CAP), Cap("tokens", 10**9, "minute")], tenant="t")
    standing = [hold.entry.id for hold in books.standing() if tenant_of(hold.entry.scopes)]
    clock.turn(10_000)
    expired = await ledger.expire()
    assert {entry.id for entry in expired} == set(standing)
    books.replay(expired)
    await settled(ledger)
    assert ledger.marks.listed.keys() == books.marks.listed.keys() - {"of nobody", "nobody's charge"}
    for hold_id in standing:
        late, plain = ledger.settle(hold_id, Charge(1)), books.settle(hold_id, Charge(1))
        assert late == plain
        assert late is not None
        ledger.apply(late)
        books.apply(late)
    await settled(ledger)
    total, expected = await ledger.balances("tenant:t", tenant="t"), books.balances("tenant:t")
    await ledger.stop()
    assert total is not None
    assert expected is not None
    assert (total.nano, [cap.held for cap in total.caps]) == (expected.nano, [cap.held for cap in expected.caps])


def test_a_hold_without_a_tenant_is_nobody_s() -> None:
    assert tenant_of(("key:k",)) is None
    assert isinstance(EmbeddedLedger(ManualClock()).set_caps("tenant:t", [Cap("tokens", 1)]), CapsEntry)
