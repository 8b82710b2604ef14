"""Asking Redis until it answers the question itself: over lost connections, changed zones, tenants new to it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import hiredis
import msgspec

from ..clock import Clock
from .link import Link, Source
from .outbox import Outbox
from .views import Days
from .wire import Address, Lost

_TRIES = 4
_LEAVE_S = 2.0
_LOOK_S = 0.02
_decode = msgspec.msgpack.Decoder().decode


class Unavailable(Exception):
    """The ledger cannot answer; nothing is admitted."""


class Asking:
    """One Redis, asked by script. `unavailable` makes the error that is raised when it cannot answer."""

    def __init__(
        self,
        url: str,
        source: Source,
        clock: Clock,
        *,
        unavailable: Callable[[str], Exception] = Unavailable,
        ready_s_max: float = 1.0,
        reply_s_max: float = 2.0,
    ) -> None:
        self.link = Link(
            Address.parse(url),
            source,
            clock,
            opened=self._opened,
            heard=self._heard,
            ready_s_max=ready_s_max,
            reply_s_max=reply_s_max,
        )
        self.outbox = Outbox(self.link, clock)
        self._clock = clock
        self._unavailable = unavailable
        self._zones: dict[str, Days] = {}
        self._zone_of: dict[str, str] = {}

    async def start(self) -> None:
        """Connect. Returns though Redis may not answer yet: every question is refused until it does."""
        await self.link.start()

    async def stop(self) -> None:
        """Leave Redis once it has answered all, or after a while; the rest expires there in full: the book has it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                while len(self.outbox) and self.link.wire is not None:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(_LOOK_S)
        await self.link.stop()

    def _opened(self) -> None:
        """Redis answers, maybe under a new generation."""
        self.outbox.resend()

    def _heard(self, channel: str, message: bytes) -> None:
        """Take a message of another process (or of this one)."""

    def _days(self, tenant: str) -> tuple[str, Days]:
        zone = self._zone_of.get(tenant, "UTC")
        days = self._zones.get(zone)
        if days is None:
            days = self._zones[zone] = Days(zone)
        return zone, days

    async def _ask(self, script: str, tenant: str, made: Callable[[], list[Any]], *, once: bool = False) -> Any:
        """Ask until Redis answers the question itself; `made` makes its argument anew, without the generation.

        With `once` a question whose answer was lost is not asked again: it may have had its effect.
        """
        link, why, lost = self.link, "", False
        for _ in range(_TRIES):
            try:
                wire = link.wire or await link.ready()
            except Lost as error:
                why = why or str(error)
                break
            try:
                reply = await wire.ask(link.scripts[script].call(link.key(tenant), [str(link.generation), *made()]))
            except Lost as error:
                why, lost = str(error), True
                if once:
                    break
                continue
            if type(reply) is bytes:
                return _decode(reply)
            if not isinstance(reply, hiredis.ReplyError):
                return reply
            why = str(reply)
            if why.startswith(("TAKEN", "GONE")):
                if lost:
                    break  # taken by this very question, whose answer was lost
                raise ValueError(f"that hold is open already, or the one it replaces is not ({why})")
            await self._mend(why, tenant)
        raise self._unavailable(f"the ledger cannot answer: {why}")

    async def _mend(self, said: str, tenant: str) -> None:
        """Do what an error of a script asks for, so that asking again may work."""
        word, _, rest = said.partition(" ")
        if word == "ZONE":
            self._zone_of[tenant] = rest
        elif word == "BEHIND":
            self.link.distrust("Redis has forgotten what it was told", rolled_back=True)
        elif word == "STALE" and rest == "nothing":
            try:
                if not await self.link.enrol(tenant):
                    self.link.distrust("Redis was emptied")
            except (Lost, hiredis.ReplyError) as error:
                self.link.distrust(f"Redis does not answer: {error}")
        else:
            self.link.distrust(said)
