"""Kill the process between any two records: what is rebuilt from the journal lies between the bill and the holds."""

from dataclasses import dataclass, field
from random import Random

import pytest

from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import Entry, ExpireEntry, HoldEntry, RefundEntry, RunOpenedEntry, SettleEntry, from_dict, to_dict
from limits.ledger import EmbeddedLedger, Order
from limits.runs import RunLimits
from limits.standing import Charge

CAP = 20_000
HOLD_S = 20
SCOPES = ("run:c", "run:p", "key:k", "tenant:t")


@dataclass
class Story:
    """A journal of records (each durable whole or not at all) and what the upstream billed for every hold it saw."""

    records: list[list[Entry]] = field(default_factory=list)
    bills: dict[str, int] = field(default_factory=dict)


def write(ledger: EmbeddedLedger, story: Story, *entries: Entry | None) -> None:
    record = [entry for entry in entries if entry is not None]
    story.records.append(record)
    for entry in record:
        ledger.apply(entry)


def live(seed: int) -> Story:
    """Live a random hour: holds, attempts that follow one another, settlements, losses, expiries, late settlements."""
    chance, clock, story = Random(seed), ManualClock(), Story()
    ledger = EmbeddedLedger(clock)
    write(ledger, story, ledger.set_caps("tenant:t", [Cap("nano_usd", CAP), Cap("tokens", 10**9, "minute")]))
    for run, parent in (("p", None), ("c", "p")):
        opened = ledger.open_run(run, RunLimits(nano_usd=CAP), 2**60, parent)
        assert isinstance(opened, RunOpenedEntry)
        write(ledger, story, opened)
    sent: list[str] = []
    for number in range(120):
        clock.turn(chance.randrange(4))
        write(ledger, story, *ledger.expire())
        before = chance.choice(sent) if sent and chance.random() < 0.2 else ""
        settlement = ledger.settle(before, Charge(story.bills[before])) if before else None
        replaces = settlement if isinstance(settlement, SettleEntry) else None
        order = Order(f"h{number}", SCOPES, chance.randrange(1, 900), 5, 5, clock.utc_us() + HOLD_S * 1_000_000)
        answer = ledger.hold(order, replaces)
        if isinstance(answer, HoldEntry):
            if chance.random() < 0.1:
                ledger.drop(order.id)
            else:
                write(ledger, story, replaces, answer)
                story.bills[order.id] = chance.randrange(order.nano + 1)
                sent.append(order.id)
                if replaces is not None:
                    sent.remove(before)
        if sent and chance.random() < 0.6:
            done = sent.pop(chance.randrange(len(sent)))
            write(ledger, story, ledger.settle(done, Charge(story.bills[done])))
    return story


@pytest.mark.parametrize("seed", range(5))
def test_after_a_crash_at_any_record_books_lie_between_the_bill_and_the_holds(seed: int) -> None:
    story = live(seed)
    clock = ManualClock()
    clock.turn(3_600)
    assert any(isinstance(entry, ExpireEntry) for record in story.records for entry in record)
    assert any(isinstance(entry, RefundEntry) for record in story.records for entry in record)
    for crash in range(len(story.records) + 1):
        durable = [entry for record in story.records[:crash] for entry in record]
        ledger = EmbeddedLedger(clock)
        half = len(durable) // 2
        first = EmbeddedLedger(clock)
        first.replay(durable[:half])
        ledger.load(first.snapshot())
        ledger.replay(from_dict(to_dict(entry)) for entry in durable[half:])
        holds = {entry.id: entry.nano for entry in durable if isinstance(entry, HoldEntry)}
        resolved = {entry.id for entry in durable if isinstance(entry, SettleEntry | RefundEntry)}
        for expired in ledger.expire():
            ledger.apply(expired)
        books = ledger.balances("tenant:t") if crash else None
        if books is None:
            continue
        bill = sum(story.bills[name] for name in holds)
        expected = sum(story.bills[name] if name in resolved else nano for name, nano in holds.items())
        assert bill <= books.nano == expected <= sum(holds.values())
        assert books.nano <= CAP
        assert all(cap.held == 0 for cap in books.caps)
        for scope in SCOPES:
            other = ledger.balances(scope)
            assert other is None or other.nano == books.nano


@pytest.mark.parametrize("seed", range(4))
def test_a_journal_read_twice_over_changes_nothing_that_was_settled(seed: int) -> None:
    """Let a record that was applied but reported lost be replayed on top of itself."""
    story = live(seed)
    ledger = EmbeddedLedger(ManualClock())
    durable = [entry for record in story.records for entry in record]
    ledger.replay(durable)
    once = ledger.balances("tenant:t")
    ledger.replay(entry for entry in durable if not isinstance(entry, HoldEntry | RunOpenedEntry))
    assert ledger.balances("tenant:t") == once
