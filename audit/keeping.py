"""What is kept for how long: shredding on request, retention, legal hold, another master key. Blocking: use a thread.

    payload ──shred (subject, tenant)──▶ key and content destroyed      not while the tenant is under legal hold
            └─retention (days)─────────▶ content destroyed              not while the tenant is under legal hold
    leaf    stays for ever

Each of these is a record. A hold also keeps a person's request from being carried out: whoever sets one answers for it.
"""

from collections.abc import Mapping
from hashlib import sha256

from .book import Book
from .errors import BookError, KeyMissing
from .keyring import rewrapped
from .master import MasterKey
from .record import admin

_DAY_US = 86_400 * 1_000_000


class OnHold(BookError):
    """The tenant is under legal hold: nothing of it is destroyed."""


class Keeping:
    """Keeps and destroys what lies beside the log of one open book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def holds(self) -> dict[str, int]:
        """Return the tenants under legal hold, and since when (µs since 1970 UTC)."""
        return dict(self._book.query("SELECT tenant, since_us FROM book_hold ORDER BY tenant"))

    def hold(self, tenant: str, *, on: bool, actor: str, at_us: int) -> None:
        """Put a tenant under legal hold, or lift it; neither twice."""
        before = self.holds().get(tenant)
        if (before is not None) == on:
            return
        change = {"object": "hold", "id": tenant, "old": before, "new": at_us if on else None}
        statement = ("INSERT INTO book_hold VALUES(?, ?)", (tenant, at_us))
        if not on:
            statement = ("DELETE FROM book_hold WHERE tenant = ?", (tenant,))  # type: ignore[assignment]
        self._book.append_now(admin(actor=actor, change=change), tenant=tenant, statements=[statement])

    def shred(self, tenant: str, subject: str | None = None, *, actor: str, reason: str = "request") -> int:
        """Destroy what is kept of a subject or of a whole tenant; return the index of the record that says so.

        Raises OnHold, BookUnavailable, KeyMissing. `actor` and `reason` must not be personal data.
        """
        if tenant in self.holds():
            raise OnHold(f"tenant {tenant} is under legal hold: nothing of it is destroyed until the hold is lifted")
        return self._book.shred(tenant, subject, actor=actor, reason=reason).index

    def drop_old(self, days: Mapping[str, int], default_days: int, now_us: int) -> dict[str, int]:
        """Drop payloads older than their tenant's days; return how many by tenant. Leaves are never dropped."""
        held, dropped = self.holds(), {}
        for tenant, oldest_us in self._book.query(
            "SELECT k.tenant, min(p.at_us) FROM book_key k JOIN book_payload p ON p.key = k.id GROUP BY k.tenant"
        ):
            before_us = now_us - days.get(tenant, default_days) * _DAY_US
            if tenant in held or oldest_us >= before_us:
                continue
            where = "key IN (SELECT id FROM book_key WHERE tenant = ?) AND at_us < ?"
            [(count,)] = self._book.query(f"SELECT count(*) FROM book_payload WHERE {where}", (tenant, before_us))  # noqa: S608
            record = {
                "kind": "erasure",
                "actor": "system",
                "reason": "retention",
                "change": {"tenant": tenant, "before": before_us},
                "counts": {"payloads": count},
            }
            statement = (f"DELETE FROM book_payload WHERE {where}", (tenant, before_us))  # noqa: S608
            self._book.append_now(record, tenant=tenant, statements=[statement])
            dropped[tenant] = count
        return dropped

    def rewrap(self, old: MasterKey, new: MasterKey, *, actor: str) -> int:
        """Wrap every living key with another master key, all or none; return how many. Close the book afterwards.

        Raises KeyMissing if the old master key does not open one of them.
        """
        rows = self._book.query("SELECT id, tenant, owner, wrapped FROM book_key WHERE wrapped IS NOT NULL")
        statements = [
            ("UPDATE book_key SET wrapped = ? WHERE id = ?", (rewrapped(old, new, tenant, owner, wrapped), number))
            for number, tenant, owner, wrapped in rows
        ]
        change = {"object": "master key", "id": "book", "old": _name(old), "new": _name(new)}
        record = {"kind": "erasure", "actor": actor, "reason": "rotation", "change": change}
        self._book.append_now(record, tenant=None, statements=statements)
        return len(statements)


def _name(master: MasterKey) -> str:
    """Return what tells two master keys apart and tells nothing of them."""
    mac = sha256(b"tollhouse master key, named\n" + master.derived(b"name")).hexdigest()
    return mac[:16]


def check_opens(book: Book, master: MasterKey) -> None:
    """Raise KeyMissing if this is not the master key that the book's keys were wrapped with."""
    row = book.query("SELECT tenant, owner, wrapped FROM book_key WHERE wrapped IS NOT NULL ORDER BY id LIMIT 1")
    for tenant, owner, wrapped in row:
        try:
            rewrapped(master, master, tenant, owner, wrapped)
        except KeyMissing as error:
            raise KeyMissing("this is not the master key with which the book's keys were wrapped") from error
