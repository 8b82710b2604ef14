from pathlib import Path

import pytest

from audit.book import Book
from audit.keys import create_signing_key
from gateway.restore import LedgerUnreadable, restore
from limits.accounts import Cap
from limits.clock import ManualClock
from limits.entries import HoldEntry, to_dict
from limits.ledger import EmbeddedLedger, Order
from limits.standing import Charge


def test_a_ledger_comes_back_from_the_book_with_what_was_spent_and_what_is_still_held(tmp_path: Path) -> None:
    clock = ManualClock()
    before = EmbeddedLedger(clock)
    caps = before.set_caps("tenant:t", [Cap("nano_usd", 100)])
    paid = before.hold(Order("a", ("tenant:t",), 30, 1, 1, 2**60))
    pending = before.hold(Order("b", ("tenant:t",), 20, 1, 1, 2**60))
    settled = before.settle("a", Charge(12, 1, 1))
    assert caps is not None
    assert settled is not None
    assert isinstance(paid, HoldEntry)
    assert isinstance(pending, HoldEntry)
    before.apply(settled)
    signer = create_signing_key(tmp_path / "signing.key", "test")
    with Book.open(tmp_path / "book.sqlite", signer=signer) as book:
        for entries in ([caps], [paid, pending], [settled]):
            book.append_now({"kind": "ledger", "ledger": [to_dict(entry) for entry in entries]}, tenant=None)
        book.append_now({"kind": "reload", "reason": "carries no entry"}, tenant=None)
        after = EmbeddedLedger(clock)
        restore(after, book.records())
    assert after.balances("tenant:t") == before.balances("tenant:t")


def test_an_entry_that_this_program_does_not_know_names_its_record() -> None:
    records = [(7, b'{"kind":"ledger","ledger":[{"t":"hold99","id":"x"}]}')]
    with pytest.raises(LedgerUnreadable, match="record 7"):
        restore(EmbeddedLedger(ManualClock()), records)
