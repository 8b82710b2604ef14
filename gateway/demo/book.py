"""The book: verified as it is, then with one record altered in a copy, which is found and named."""

import contextlib
import json
import re
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from audit.keys import load_verifier
from audit.reader import Reader
from audit.verify import verify_book

from .acts import usd
from .masking import CARD, EMAIL
from .screen import Screen
from .site import Site


def book(site: Site, screen: Screen) -> None:
    """Stop the gateway, compare its book with the provider's bill, verify it, and lie in a copy of it."""
    screen.act("The book of all this: verified, then one record of a copy altered, and the alteration found")
    billed = site.bill()
    status = site.gateway.stop()
    verifiers = [load_verifier(site.public_key)]
    verdict = verify_book(site.book, verifiers)
    screen.say("book", f"{verdict.size} records of {len(verdict.tenants)} tenants, root {verdict.root.hex()[:16]}…")
    whole = status == 0 and verdict.ok and verdict.signed_size == verdict.size > 0
    screen.claim(
        "every record is as it was written, and under a signed checkpoint",
        holds=whole,
        figure=f"{verdict.signed_size} of {verdict.size}",
    )
    booked, forged = _charges(site.book)
    screen.claim(
        "all charges in the book add up to the provider's whole bill",
        holds=booked == billed.nano_dollars > 0,
        figure=usd(booked),
    )

    clear = _says(site.book, EMAIL.encode(), CARD.encode(), re.sub(r"\D", "", CARD).encode())
    screen.claim("the e-mail address and the card number are nowhere in it", holds=not clear, figure=f"{clear} records")
    if not forged.nano:
        screen.claim("there is a charge to alter", holds=False)
        return
    altered = _altered(site.book, site.folder / "altered.sqlite", forged, repaired=False)
    found = verify_book(altered, verifiers)
    screen.say("altered", f"in a copy, the dearest charge ({usd(forged.nano)}, record {forged.index}) is halved")
    named = ", ".join(map(str, found.altered())) or "none"
    screen.claim("found, and named", holds=found.altered() == [forged.index] and not found.ok, figure=f"record {named}")
    repaired = _altered(site.book, site.folder / "repaired.sqlite", forged, repaired=True)
    found = verify_book(repaired, verifiers)
    kinds = {problem.kind for problem in found.problems}
    screen.claim(
        "found also when the forger writes the hash that fits the lie beside it",
        holds=not found.ok and "root" in kinds,
        figure="the signed root does not fit" if "root" in kinds else "the root fits",
    )


@dataclass(frozen=True, slots=True)
class _Charge:
    index: int
    nano: int


def _charges(path: Path) -> tuple[int, _Charge]:
    """Return the sum of all charges in nano-dollars, and the dearest one."""
    total, dearest = 0, _Charge(-1, 0)
    with Reader.open(path) as reader:
        for index, body in reader.records():
            for billed in json.loads(body).get("billed", ()):
                nano = billed.get("nano_usd", 0)
                total += nano
                if nano > dearest.nano:
                    dearest = _Charge(index, nano)
    return total, dearest


def _says(path: Path, *values: bytes) -> int:
    """Return how many records hold one of the values."""
    with Reader.open(path) as reader:
        return sum(any(value in body for value in values) for _, body in reader.records())


def _altered(path: Path, copy: Path, charge: _Charge, *, repaired: bool) -> Path:
    """Copy the file and halve a charge in it; with `repaired`, write the hash that fits the lie beside it."""
    at = (charge.index,)
    with contextlib.closing(sqlite3.connect(path)) as db, contextlib.closing(sqlite3.connect(copy)) as lie:
        db.backup(lie)
        body = lie.execute("SELECT CAST(body AS BLOB) FROM book_leaf WHERE idx = ?", at).fetchone()[0]
        body = body.replace(b'"nano_usd":%d' % charge.nano, b'"nano_usd":%d' % (charge.nano // 2))
        lie.execute("UPDATE book_leaf SET body = ? WHERE idx = ?", (body, *at))
        if repaired:
            lie.execute("UPDATE book_leaf SET hash = ? WHERE idx = ?", (sha256(b"\x00" + body).digest(), *at))
        lie.commit()
    return copy
