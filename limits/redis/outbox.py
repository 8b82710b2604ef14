"""What must reach Redis in the end though nobody waits for it: charges, drops, counts given back.

An item stays until Redis has answered it, over lost connections too; what was lost on the way is sent again, which
every script here takes without harm. Charges of the last two minutes are kept beyond that: a Redis that was filled anew
from a book read just before they were written has their holds standing, and gets them again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis
import msgspec

from ..clock import Clock
from .link import Link
from .wire import Lost

log = logging.getLogger("tollhouse.limits.redis")

_KEPT_NS = 120_000_000_000
Told = Callable[[Any], None]


class _Item(msgspec.Struct, eq=False):
    """What waits to be answered; called with what Redis says of it."""

    number: int
    script: str
    tenant: str
    argument: list[Any]
    told: Told | None
    at_ns: int
    answered: Callable[["_Item", Any], None]

    def __call__(self, reply: Any) -> None:
        self.answered(self, reply)


class Outbox:
    """See the module. `items_max` bounds what waits and, again, the charges that are kept."""

    def __init__(self, link: Link, clock: Clock, *, items_max: int = 100_000) -> None:
        self._link = link
        self._clock = clock
        self._max = items_max
        self._waiting: dict[int, _Item] = {}
        self._charged: deque[_Item] = deque(maxlen=items_max)
        self._next = 0
        self._generation = 0
        self._enrolling: set[asyncio.Task[None]] = set()

    @property
    def full(self) -> bool:
        """Say whether so much waits that nothing new may begin."""
        return len(self._waiting) >= self._max

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, script: str, tenant: str, argument: list[Any], told: Told | None = None) -> None:
        """Send a script with this argument (without its generation) now or later; `told` gets the reply."""
        number = self._next = self._next + 1
        at_ns = self._clock.monotonic_ns()
        item = self._waiting[number] = _Item(number, script, tenant, argument, told, at_ns, self._answered)
        self._send(item)

    def _send(self, item: _Item) -> None:
        link = self._link
        wire = link.wire
        if wire is None:
            return
        command = link.scripts[item.script].call(link.key(item.tenant), [str(link.generation), *item.argument])
        try:
            wire.send(command, item)
        except Lost:
            return

    def _answered(self, item: _Item, reply: Any) -> None:
        if type(reply) is not bytes and isinstance(reply, Exception) and not self._is_refused(item, reply):
            return
        self._waiting.pop(item.number, None)
        if item.script == "settle":
            self._charged.append(item)
            while self._charged and self._charged[0].at_ns < self._clock.monotonic_ns() - _KEPT_NS:
                self._charged.popleft()
        if item.told is not None:
            item.told(reply)

    def _is_refused(self, item: _Item, error: Exception) -> bool:
        """Say whether Redis will never take an item; else it is sent again, once that makes sense."""
        if isinstance(error, Lost):
            return False
        said = str(error)
        if said == "STALE nothing":
            task = asyncio.get_running_loop().create_task(self._enrol(item))
            self._enrolling.add(task)
            task.add_done_callback(self._enrolling.discard)
            return False
        if said.startswith(("STALE", "NOSCRIPT", "READONLY", "LOADING", "MASTERDOWN", "OOM", "BUSY")):
            self._link.distrust(said)
            return False
        log.error("Redis refuses %s: %s", item.script, said)
        return True

    async def _enrol(self, item: _Item) -> None:
        """Send an item again whose tenant Redis has not heard of, unless Redis has lost more than that."""
        try:
            if await self._link.enrol(item.tenant):
                self._send(item)
            else:
                self._link.distrust("Redis was emptied")
        except (Lost, hiredis.ReplyError) as error:
            self._link.distrust(f"Redis does not answer: {error}")

    def resend(self) -> None:
        """Send all that was not answered, in its order; under a new generation what was charged lately too."""
        if self._generation not in (0, self._link.generation):
            charged, self._charged = list(self._charged), deque(maxlen=self._max)
            for item in charged:
                self.put(item.script, item.tenant, item.argument, item.told)
        self._generation = self._link.generation
        for item in list(self._waiting.values()):
            self._send(item)
