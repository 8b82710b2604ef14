"""From the book to the ledger: the only translator between records and ledger entries.

A record's list `ledger` holds the entries verbatim, in their order; a restart replays them all, from the first record
to the last durable one.
"""

from collections.abc import Iterable, Iterator

import msgspec

from limits.entries import Entry
from limits.ledger import EmbeddedLedger


class _Carrying(msgspec.Struct, gc=False):
    """Of a record, only its entries."""

    ledger: list[Entry] = []


class LedgerUnreadable(Exception):
    """A record carries an entry that this program does not know."""


def entries_of(records: Iterable[tuple[int, bytes]]) -> Iterator[Entry]:
    """Yield the entries of (index, body) records in their order; LedgerUnreadable names the record."""
    decoder = msgspec.json.Decoder(_Carrying)
    for index, body in records:
        if b'"ledger"' not in body:
            continue
        try:
            entries = decoder.decode(body).ledger
        except msgspec.ValidationError as unknown:
            raise LedgerUnreadable(f"record {index}: {unknown}") from unknown
        yield from entries


def restore(ledger: EmbeddedLedger, records: Iterable[tuple[int, bytes]]) -> None:
    """Rebuild the ledger's balances from the book."""
    ledger.replay(entries_of(records))
