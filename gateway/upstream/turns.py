"""Who waits for a connection: tenants take turns, and of one tenant whoever came first.

So while others wait, no tenant gets a second connection before each of them had its turn, however much it asks for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from .wire import Origin


class Turn(Struct, eq=False):
    """A caller that waits: whose call it is, where to, and what tells it to go on."""

    lane: str
    origin: Origin
    future: asyncio.Future[None]


class Turns(dict[str, deque[Turn]]):
    """All who wait, lane by lane; the lane whose turn is next stands first."""

    __slots__ = ()

    def add(self, turn: Turn, *, again: bool) -> None:
        """Let one wait; `again`: it has had its turn in vain, and is the first once more."""
        lane = self.pop(turn.lane, None) if again else self.get(turn.lane)
        lane = deque() if lane is None else lane
        if not again:
            lane.append(turn)
            self[turn.lane] = lane
            return
        lane.appendleft(turn)
        others = list(self.items())
        self.clear()
        self[turn.lane] = lane
        self.update(others)

    def leave(self, turn: Turn) -> bool:
        """Let one go without its turn; False if it has had it."""
        lane = self.get(turn.lane)
        if lane is None or turn not in lane:
            return False
        lane.remove(turn)
        if not lane:
            del self[turn.lane]
        return True

    def take(self, can_go: Callable[[Origin], bool]) -> Turn | None:
        """Return the first who can go on, and let its lane be the last."""
        for name, lane in self.items():
            for turn in lane:
                if can_go(turn.origin):
                    lane.remove(turn)
                    del self[name]
                    if lane:
                        self[name] = lane
                    return turn
        return None
