"""A hold that stands: the cells it went into and the arithmetic of letting it go.

A hold adds its amounts to `used` of every cell. While nothing has happened it stands with its own amounts; `standing`
differs from them, cell by cell, when a settlement above the hold waits to become durable (it stands with the higher
figure) or when a following attempt has taken its place over (it stands with what the follower does not cover).
"""

import msgspec

from .accounts import LIVE, Account, Cell, Route, Tally
from .entries import HoldEntry, SettleEntry

Amounts = tuple[int, int, int, int, int]


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What a hold is to become; see `limits.settlement` for the marks."""

    nano: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    mark: str = "billed"
    suspends: str = ""
    reported_nano: int = 0


class Standing(msgspec.Struct, gc=False):
    """An open hold. `settlement` is its entry once made, until that is durable; `follower` who took its place over.

    `route` is the one it was granted on, which has its cells by dimension, unless one has joined since.
    """

    entry: HoldEntry
    amounts: Amounts
    cells: tuple[Cell, ...]
    tallies: tuple[Tally, ...]
    route: Route | None = None
    standing: list[int] | None = None
    settlement: SettleEntry | None = None
    follower: str = ""

    def place(self) -> None:
        """Add the amounts to every cell."""
        amounts = self.amounts
        for cell in self.cells:
            cell.used += amounts[cell.dim]

    def join(self, cell: Cell) -> None:
        """Stand in one more cell too (a cap that was set while this hold was open)."""
        amount = self.amounts[cell.dim]
        if self.settlement is not None:
            charge = amounts_of(self.settlement.nano, self.settlement.input_tokens, self.settlement.output_tokens)
            amount = max(amount, charge[cell.dim])
        self.cells = (*self.cells, cell)
        if self.standing is not None:
            self.standing.append(amount)
        cell.used += amount

    def stand_with(self, figures: list[int]) -> None:
        """Stand with other figures than the own amounts, one a cell."""
        for cell, was, now in zip(self.cells, self.figures(), figures, strict=True):
            cell.used += now - was
        self.standing = figures

    def figures(self) -> list[int]:
        """Return what stands in each cell now."""
        if self.standing is not None:
            return self.standing
        amounts = self.amounts
        return [amounts[cell.dim] for cell in self.cells]

    def at_least(self, charge: Amounts) -> list[int]:
        """Return the figures that cover both the hold and a charge, cell by cell."""
        amounts = self.amounts
        return [max(amounts[cell.dim], charge[cell.dim]) for cell in self.cells]

    def yield_to(self, follower: "Standing", charge: Amounts) -> None:
        """Stand only with what the follower's amounts do not cover, but never below the charge.

        So the sum of both is what the balance was or will be, whichever is higher, until the charge is durable.
        """
        shared = {id(cell) for cell in follower.cells}
        own, new = self.amounts, follower.amounts
        self.stand_with(
            [max(own[d] - (new[d] if id(cell) in shared else 0), charge[d]) for cell in self.cells for d in (cell.dim,)]
        )
        self.follower = follower.entry.id

    def leave(self) -> None:
        """Take what stands out of every cell, charging nothing."""
        self.stand_with([0] * len(self.cells))

    def close(self, nano: int, input_tokens: int, output_tokens: int) -> list[Cell]:
        """Charge and let go; return the soft caps that were crossed by it."""
        charge = (nano, input_tokens, output_tokens, input_tokens + output_tokens, 0)
        amounts = self.amounts
        crossed: list[Cell] = []
        route = self.route
        if route is not None and self.standing is None and self.cells is route.cells:
            for dim, group in route.groups:
                amount = charge[dim]
                back = amounts[dim] - amount
                for cell in group:
                    cell.used -= back
                    settled = cell.settled = cell.settled + amount
                    if settled >= cell.warn_at > settled - amount:
                        crossed.append(cell)
        else:
            for cell, stood in zip(self.cells, self.figures(), strict=True):
                amount = charge[cell.dim]
                cell.used += amount - stood
                settled = cell.settled = cell.settled + amount
                if settled >= cell.warn_at > settled - amount:
                    crossed.append(cell)
        if route is not None and route.live:
            route.nano += nano
            route.input_tokens += input_tokens
            route.output_tokens += output_tokens
            route.calls += 1
        else:
            for tally in self.tallies:
                tally.nano += nano
                tally.input_tokens += input_tokens
                tally.output_tokens += output_tokens
                tally.calls += 1
        return crossed


def amounts_of(nano: int, input_tokens: int, output_tokens: int, live: int = 1) -> Amounts:
    """Order the amounts as `limits.accounts.DIMENSIONS`."""
    return (nano, input_tokens, output_tokens, input_tokens + output_tokens, live)


def settled_back(accounts: list[Account], at_us: int, nano: int, input_tokens: int, output_tokens: int) -> None:
    """Take a charge back out of the windows and tallies that contain `at_us`."""
    back = amounts_of(nano, input_tokens, output_tokens, 0)
    for account in accounts:
        for cell in account.cells:
            if cell.start_us <= at_us < cell.end_us and cell.dim != LIVE:
                cell.settled -= back[cell.dim]
                cell.used -= back[cell.dim]
        tally = account.tally_at(at_us)
        tally.nano -= nano
        tally.input_tokens -= input_tokens
        tally.output_tokens -= output_tokens
