"""Charges that are not simply the bill, and what an operator decides of them: confirmed as they are, or refunded.

A decision is a record of its own with its ledger entry; the balances follow once it is durable. Deciding the same again
changes nothing and is answered as before, so it may be repeated after an answer was lost.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal

from limits.entries import ConfirmEntry, RefundEntry
from limits.marks import Marked
from limits.seam import Ledger

from .errors import InvalidRequest, NotFound
from .journal import Journal

Decision = Literal["confirmed", "refunded"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a charge: `nano` were given back (below zero: charged on top)."""

    id: str
    decision: Decision
    nano: int
    already: bool = False


class Charges:
    """The marked charges of a ledger. Decisions are made one after the other."""

    def __init__(self, journal: Journal, ledger: Ledger) -> None:
        self._journal = journal
        self._ledger = ledger
        self._one_by_one = asyncio.Lock()

    def listed(self, tenant: str | None = None, mark: str | None = None) -> list[Marked]:
        """Return what waits for a decision, latest first."""
        return [
            each
            for each in reversed(self._ledger.marks.listed.values())
            if mark in (None, each.charge.mark) and tenant in (None, tenant_of(each))
        ]

    def sums(self) -> dict[str, tuple[int, int]]:
        """Return for each mark how many charges ever got it, and their nano-dollars."""
        return dict(self._ledger.marks.sums)

    def suspended(self) -> dict[str, str]:
        """Return the bounds that are out of use, each with the charge that a decision is wanted on."""
        return dict(self._ledger.marks.suspended)

    async def confirm(self, actor: str, charge_id: str, reason: str) -> Decided:
        """Accept a charge as it is. NotFound, InvalidRequest (decided otherwise), AuditUnavailable."""
        async with self._one_by_one:
            marked = self._find(charge_id, "confirmed")
            if isinstance(marked, Decided):
                return marked
            await self._write(actor, marked, ConfirmEntry(charge_id), "confirmed", reason)
            return Decided(charge_id, "confirmed", 0)

    async def refund(self, actor: str, charge_id: str, reason: str, cost_nano: int = 0) -> Decided:
        """Give a charge back down to what it really cost. Raises as `confirm`."""
        async with self._one_by_one:
            marked = self._find(charge_id, "refunded")
            if isinstance(marked, Decided):
                return marked
            entry = self._ledger.marks.refund(charge_id, cost_nano)
            assert entry is not None  # noqa: S101 - it is listed, and nobody else decides meanwhile
            await self._write(actor, marked, entry, "refunded", reason)
            return Decided(charge_id, "refunded", entry.nano)

    def _find(self, charge_id: str, wanted: Decision) -> Marked | Decided:
        marked = self._ledger.marks.listed.get(charge_id)
        if marked is not None:
            return marked
        was = self._ledger.marks.resolved.get(charge_id)
        if was is None:
            raise NotFound("there is no such charge to decide on; `billed` ones need no decision", param="charge")
        if was != wanted:
            said = "settled late" if was == "late" else was
            raise InvalidRequest(f"charge {charge_id} was {said} already; that stays", param="charge")
        return Decided(charge_id, wanted, 0, already=True)

    async def _write(
        self, actor: str, marked: Marked, entry: ConfirmEntry | RefundEntry, decision: Decision, reason: str
    ) -> None:
        charge = marked.charge
        record = {
            "kind": "ledger",
            "actor": actor,
            "reason": reason,
            "change": {
                "object": "charge",
                "id": charge.id,
                "old": {"mark": charge.mark, "nano_usd": charge.nano},
                "new": {"decision": decision, "nano_usd": charge.nano - getattr(entry, "nano", 0)},
            },
        }
        await self._journal.write(record, tenant=tenant_of(marked), entries=[entry])


def tenant_of(marked: Marked) -> str | None:
    """Return who paid for a charge."""
    return _named(marked, "tenant")


def key_of(marked: Marked) -> str | None:
    """Return whose key spoke."""
    return _named(marked, "key")


def run_of(marked: Marked) -> str | None:
    """Return the run it was made in."""
    return _named(marked, "run")


def _named(marked: Marked, kind: str) -> str | None:
    found = (scope.partition(":") for scope in marked.hold.scopes)
    return next((name for kind_, _, name in found if kind_ == kind), None)
