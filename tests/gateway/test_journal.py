"""A balance rises at once and falls only when the entry that lowers it is on disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.book import Book
from audit.keys import create_signing_key
from gateway.call import Call
from gateway.errors import AuditUnavailable
from gateway.journal import Journal
from gateway.restore import restore
from limits.clock import ManualClock
from limits.entries import HoldEntry
from limits.ledger import EmbeddedLedger, Order
from limits.seam import LocalLedger
from limits.standing import Charge
from tests.faults.test_unwritable_book import full_disk
from tests.gateway.talk import Talk

pytestmark = pytest.mark.anyio

SCOPES = ("tenant:acme",)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    signer = create_signing_key(tmp_path / "key", "test/book")
    with Book.open(tmp_path / "book.sqlite", signer=signer) as book:
        yield Journal(book, LocalLedger(ManualClock()))


def books(journal: Journal) -> EmbeddedLedger:
    assert isinstance(journal.ledger, LocalLedger)
    return journal.ledger.books


def hold(journal: Journal, name: str) -> HoldEntry:
    entry = books(journal).hold(Order(name, SCOPES, 100, 10, 10, 2**52))
    assert isinstance(entry, HoldEntry)
    return entry


def call() -> Call:
    return Talk().call


async def test_entries_travel_in_the_record_and_take_effect_when_it_is_durable(journal: Journal) -> None:
    one = call()
    one.entries = [hold(journal, "h1")]
    await journal.write_call(one, {"kind": "intent"})
    settled = journal.ledger.settle("h1", Charge(40, 4, 4))
    assert settled is not None
    one.entries = [settled]
    assert books(journal).is_open("h1"), "made, but not yet durable"
    await journal.write_call(one, {"kind": "outcome"})
    assert not books(journal).is_open("h1")
    assert one.entries == []
    again = EmbeddedLedger(ManualClock())
    restore(again, journal.book.records())
    assert again.balances(SCOPES[0]) == books(journal).balances(SCOPES[0])


async def test_what_cannot_be_written_changes_nothing_and_goes_back_on_the_call(journal: Journal) -> None:
    one = call()
    one.entries = [hold(journal, "h1")]
    await journal.write_call(one, {"kind": "intent"})
    settled = journal.ledger.settle("h1", Charge(40, 4, 4))
    assert settled is not None
    one.entries = [settled]
    one.statements = [("SELECT 1", ())]
    with full_disk(), pytest.raises(AuditUnavailable, match="cannot be written"):
        await journal.write_call(one, {"kind": "outcome"})
    assert books(journal).is_open("h1")
    assert (one.entries, len(one.statements)) == ([settled], 1)


async def test_a_record_that_the_book_refuses_is_not_written_either(journal: Journal) -> None:
    with pytest.raises(AuditUnavailable):
        await journal.write({"kind": "outcome", "far too large": "x" * 70_000}, tenant=None)
    assert await journal.write({"kind": "outcome"}, tenant=None) == 0


async def test_a_closed_book_is_told_as_such(journal: Journal) -> None:
    journal.book.close()
    with pytest.raises(AuditUnavailable, match="closed"):
        await journal.write({"kind": "outcome"}, tenant=None)
