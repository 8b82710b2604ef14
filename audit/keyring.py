"""The keys of tenants and subjects, wrapped by the master key, in the book's own file.

    owner ""          the tenant's payloads that name no subject
    owner "#names"    the secret behind the tenant's pseudonyms
    owner p_…         one subject's payloads (the subject stands there as a pseudonym)

Keys are made in the transaction that first needs them. Shredding empties the row and keeps it, so that it shows when it
happened; the next payload of that owner gets a new key.
"""

import secrets
from collections import OrderedDict
from typing import Any

import orjson

from .database import Database
from .errors import KeyMissing, Shredded
from .master import KEY_BYTES, MasterKey
from .payload import Payload, seal, unseal
from .pseudonym import pseudonym

TENANT = ""
NAMES = "#names"
_CACHED = 1_000
_NEW = """INSERT INTO book_key(id, tenant, owner, wrapped, made_us)
    VALUES((SELECT coalesce(max(id), 0) + 1 FROM book_key), ?, ?, ?, ?) ON CONFLICT DO NOTHING"""


class Keyring:
    """Keys of one book by (tenant, owner), the last 1,000 kept in memory. For one thread."""

    __slots__ = ("_cache", "_master")

    def __init__(self, master: MasterKey) -> None:
        self._master = master
        self._cache: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()

    def find(self, db: Database, tenant: str, owner: str) -> tuple[int, bytes] | None:
        """Return (id, key) if this owner has a living key; raise KeyMissing if the master key does not open it."""
        cached = self._cache.get((tenant, owner))
        if cached is not None:
            self._cache.move_to_end((tenant, owner))
            return cached
        row = db.execute(
            "SELECT id, wrapped FROM book_key WHERE tenant = ? AND owner = ? AND shredded_us IS NULL", (tenant, owner)
        ).fetchone()
        if row is None:
            return None
        return self._keep(tenant, owner, row[0], self._master.unwrap(row[1], _bound(tenant, owner)))

    def need(self, db: Database, tenant: str, owner: str, at_us: int) -> tuple[int, bytes]:
        """Return (id, key) of this owner, made within the open transaction if there is none."""
        found = self.find(db, tenant, owner)
        if found is not None:
            return found
        db.execute(*self.new(tenant, owner, at_us))
        return self.need(db, tenant, owner, at_us)

    def new(self, tenant: str, owner: str, at_us: int) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that makes a key for this owner unless it has one."""
        wrapped = self._master.wrap(secrets.token_bytes(KEY_BYTES), _bound(tenant, owner))
        return _NEW, (tenant, owner, wrapped, at_us)

    def seal(self, db: Database, tenant: str, payload: Payload, at_us: int) -> tuple[int, str, bytes]:
        """Return (key id, commitment, sealed bytes) for a payload of this tenant."""
        owner = TENANT
        if payload.subject is not None:
            _, secret = self.need(db, tenant, NAMES, at_us)
            owner = subject_owner(secret, payload.subject)
        number, key = self.need(db, tenant, owner, at_us)
        return (number, *seal(key, payload.content))

    def by_id(self, db: Database, number: int) -> bytes:
        """Return a key by its row; raise Shredded if it was destroyed, KeyMissing if it is not there."""
        row = db.execute("SELECT tenant, owner, wrapped FROM book_key WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise KeyMissing(f"key {number} is not in the book")
        if row[2] is None:
            raise Shredded(f"the key of this payload was destroyed (key {number} of tenant {row[0]})")
        return self._master.unwrap(row[2], _bound(row[0], row[1]))

    def forget(self) -> None:
        """Drop all keys from memory: after a shredding, or when a transaction that made some did not commit."""
        self._cache.clear()

    def _keep(self, tenant: str, owner: str, number: int, key: bytes) -> tuple[int, bytes]:
        self._cache[tenant, owner] = (number, key)
        if len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return number, key


def rewrapped(old: MasterKey, new: MasterKey, tenant: str, owner: str, wrapped: bytes) -> bytes:
    """Return a key wrapped by another master key; raise KeyMissing if the old one does not open it."""
    bound = _bound(tenant, owner)
    return new.wrap(old.unwrap(wrapped, bound), bound)


def subject_owner(secret: bytes, subject: str) -> str:
    """Return the name under which a subject's key is kept."""
    return pseudonym(secret, "subject", subject)


def shredding(tenant: str, owner: str | None, at_us: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Return the statements that destroy one owner's key, or all of a tenant's, and what they sealed."""
    whose, parameters = ("tenant = ?", (tenant,)) if owner is None else ("tenant = ? AND owner = ?", (tenant, owner))
    return [
        (f"DELETE FROM book_payload WHERE key IN (SELECT id FROM book_key WHERE {whose})", parameters),  # noqa: S608
        (
            f"UPDATE book_key SET wrapped = NULL, shredded_us = ? WHERE {whose} AND shredded_us IS NULL",  # noqa: S608
            (at_us, *parameters),
        ),
    ]


def read_payload(db: Database, keyring: Keyring, index: int) -> bytes:
    """Return a record's payload; raise Shredded if it was destroyed, KeyMissing or BookDamaged if it does not open."""
    leaf = db.execute("SELECT body FROM book_leaf WHERE idx = ?", (index,)).fetchone()
    committed = orjson.loads(leaf[0]).get("payload") if leaf else None
    if committed is None:
        raise KeyMissing(f"record {index} has no payload")
    row = db.execute("SELECT key, sealed FROM book_payload WHERE idx = ?", (index,)).fetchone()
    if row is None:
        raise Shredded(f"the payload of record {index} was destroyed")
    return unseal(keyring.by_id(db, row[0]), bytes(row[1]), committed["commitment"])


def _bound(tenant: str, owner: str) -> bytes:
    return f"{tenant}\0{owner}".encode()
