"""What the ledger says instead of yes: frozen answers, not exceptions, because a full budget is an ordinary outcome.

Each names the scope, the dimension, the limit and the actual figure, so the gateway can word its error from it.
"""

import msgspec


class Exceeded(msgspec.Struct, frozen=True, gc=False):
    """Settled spend (or a count) alone leaves less than was asked; waiting does not mend it.

    `actual` is what is already settled or counted, `wanted` what was asked on top; units are the dimension's.
    """

    scope: str
    dimension: str
    window: str
    limit: int
    actual: int
    wanted: int

    @property
    def param(self) -> str:
        """Return `run.tokens`, `tenant.nano_usd` …: the kind of scope and the dimension."""
        return f"{self.scope.partition(':')[0]}.{self.dimension}"

    def __str__(self) -> str:
        return (
            f"{self.scope}: {self.dimension} a {self.window} is limited to {self.limit}; "
            f"{self.actual} used, {self.wanted} more asked"
        )


class Held(msgspec.Struct, frozen=True, gc=False):
    """It would fit what is settled, but others' open holds are in the way: wait, or ask again later."""

    scope: str
    dimension: str
    window: str
    limit: int
    settled: int
    held: int
    wanted: int

    @property
    def param(self) -> str:
        """Return the kind of scope and the dimension, as `Exceeded.param`."""
        return f"{self.scope.partition(':')[0]}.{self.dimension}"

    def __str__(self) -> str:
        return (
            f"{self.scope}: {self.dimension} a {self.window} is limited to {self.limit}; {self.settled} used, "
            f"{self.held} held by calls under way, {self.wanted} more asked"
        )


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The scope takes nothing more. `why`: ended, killed, expired, seconds (its wall-clock is used up), unknown."""

    scope: str
    why: str

    def __str__(self) -> str:
        return f"{self.scope} has ended: {self.why}"
