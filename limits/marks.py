"""Charges that are not simply the bill: listed one by one until the operator confirms or refunds them."""

from typing import Any

import msgspec

from .entries import ConfirmEntry, HoldEntry, RefundEntry, SettleEntry, from_dict, to_dict

MARKS = frozenset({"overrun", "implausible", "counted", "uncertain", "expired"})
"""Marks that are listed; `billed` and `released` are not."""


class Marked(msgspec.Struct, frozen=True, gc=False):
    """A hold and what it became."""

    hold: HoldEntry
    charge: SettleEntry


class Marks:
    """The list (at most `marked_max`; the oldest leave it, the book keeps them), its sums, and suspended bounds.

    `sums` is, for each mark, how many calls and nano-dollars ever got it. `suspended` maps a bound's id to the hold
    that suspended it, `resolved` a charge that left the list to how: confirmed, refunded or late (as many are kept).
    """

    __slots__ = ("_max", "listed", "resolved", "sums", "suspended")

    def __init__(self, marked_max: int) -> None:
        self._max = marked_max
        self.listed: dict[str, Marked] = {}
        self.resolved: dict[str, str] = {}
        self.sums: dict[str, tuple[int, int]] = {}
        self.suspended: dict[str, str] = {}

    def add(self, hold: HoldEntry, charge: SettleEntry) -> None:
        """List a charge if its mark is one that is listed."""
        if charge.mark not in MARKS:
            return
        calls, nano = self.sums.get(charge.mark, (0, 0))
        self.sums[charge.mark] = (calls + 1, nano + charge.nano)
        self.listed[hold.id] = Marked(hold, charge)
        if len(self.listed) > self._max:
            del self.listed[next(iter(self.listed))]

    def suspend(self, charge: SettleEntry) -> None:
        """Put the bound that a charge names out of use."""
        if charge.suspends:
            self.suspended[charge.suspends] = charge.id

    def resolve(self, hold_id: str, how: str) -> bool:
        """Take a charge off the list and lift its suspension; False if it is not listed."""
        marked = self.listed.pop(hold_id, None)
        if marked is None:
            return False
        self.resolved[hold_id] = how
        if len(self.resolved) > self._max:
            del self.resolved[next(iter(self.resolved))]
        if self.suspended.get(marked.charge.suspends) == hold_id:
            del self.suspended[marked.charge.suspends]
        return True

    def refund(self, hold_id: str, cost_nano: int = 0) -> RefundEntry | None:
        """Make the operator's refund of a listed charge down to what it cost; None if it is not listed.

        Its tokens are given back only if it cost nothing: nobody says how many of them there were. A cost above the
        charge makes a refund below zero.
        """
        marked = self.listed.get(hold_id)
        if marked is None:
            return None
        hold, charge = marked.hold, marked.charge
        tokens = (0, 0) if cost_nano else (charge.input_tokens, charge.output_tokens)
        return RefundEntry(hold_id, hold.scopes, hold.at_us, charge.nano - cost_nano, *tokens, "operator")

    def late(self, hold_id: str, nano: int, input_tokens: int, output_tokens: int) -> RefundEntry | None:
        """Make the refund that a late settlement of an expired hold brings; None if it is not a listed expiry."""
        marked = self.listed.get(hold_id)
        if marked is None or marked.charge.mark != "expired":
            return None
        hold = marked.hold
        return RefundEntry(
            hold_id,
            hold.scopes,
            hold.at_us,
            hold.nano - nano,
            hold.input_tokens - input_tokens,
            hold.output_tokens - output_tokens,
        )

    def confirm(self, hold_id: str) -> ConfirmEntry | None:
        """Make the operator's acceptance of a listed charge; None if it is not listed."""
        return ConfirmEntry(hold_id) if hold_id in self.listed else None

    def write(self) -> dict[str, Any]:
        """Write everything as a JSON-safe dict."""
        return {
            "listed": [[to_dict(one.hold), to_dict(one.charge)] for one in self.listed.values()],
            "sums": {mark: list(sums) for mark, sums in self.sums.items()},
            "suspended": dict(self.suspended),
            "resolved": dict(self.resolved),
        }

    def read(self, written: dict[str, Any]) -> None:
        """Take over what `write` wrote; ValueError for anything else."""
        for hold, charge in written["listed"]:
            one, other = from_dict(hold), from_dict(charge)
            if not isinstance(one, HoldEntry) or not isinstance(other, SettleEntry):
                raise ValueError(f"a marked charge is a hold and its settlement, got {hold} and {charge}")  # noqa: TRY004
            self.listed[one.id] = Marked(one, other)
        self.sums = {mark: (calls, nano) for mark, (calls, nano) in written["sums"].items()}
        self.suspended = dict(written["suspended"])
        self.resolved = dict(written.get("resolved", {}))
