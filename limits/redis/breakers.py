"""Breakers that several processes share: each is told how the others have it, over the ledger's connection.

    turned here ──▶ Redis: the first to make a change makes it ──published──▶ followed everywhere, by whoever lost too
    failed here ──▶ Redis: counted together ──published──▶ whoever hears of the last one opens it
    may probe   ──▶ claimed: half-open is a change like the others, so it has one probe
What a call reads is in memory. While Redis does not answer each process goes on by what it knows, and when it does
again the breaker that has changed more often stands. Instants are told as UTC.
"""

from collections.abc import Iterable
from typing import Any

import hiredis
import msgspec

from ..breaker import Blocked, Breaker, Permit, Standing
from ..clock import Clock
from .link import Link
from .scripts import sent
from .wire import Lost, Taker

_CLAIMS_MAX = 3
_decode = msgspec.msgpack.Decoder().decode


class SharedBreakers:
    """A `limits.breaker.Sharing` for breakers that have the same name in every process. Made before `link` starts."""

    def __init__(self, link: Link, clock: Clock, breakers: Iterable[Breaker]) -> None:
        self._link = link
        self._clock = clock
        self._breakers = {breaker.name: breaker for breaker in breakers}
        for breaker in self._breakers.values():
            breaker.share(self)
        link.share("th:breakers", self._heard, self._opened)

    def turned(self, breaker: Breaker) -> None:
        """Tell that it changed its state."""
        self._tell("turn", breaker)

    def counted(self, breaker: Breaker, *, failed: bool) -> None:
        """Tell that a closed one failed, or that it no longer fails."""
        self._tell("fail" if failed else "well", breaker)

    async def claim(self, breaker: Breaker, permit: Permit) -> Permit | Blocked:
        """Return the probe's permit if no other process has it, else what there is instead."""
        link = self._link
        for _ in range(_CLAIMS_MAX):
            wire = link.wire
            if wire is None:
                return permit
            try:
                reply = await wire.ask(self._command("turn", breaker))
            except Lost:
                return permit
            if isinstance(reply, hiredis.ReplyError):
                return permit
            told = _decode(reply)
            if told[1] == permit.epoch and told[7] == link.name:
                return permit
            self._follow(told)
            again = breaker.ask()
            if not again.probe or isinstance(again, Blocked):
                return again
            permit = again
        breaker.report(permit, "neutral")
        return Blocked(1.0)

    def _tell(self, what: str, breaker: Breaker) -> None:
        wire = self._link.wire
        if wire is not None:
            taker: Taker = self._answered
            try:
                wire.send(self._command(what, breaker), taker)
            except Lost:
                return

    def _command(self, what: str, breaker: Breaker) -> bytes:
        stands, name = breaker.stands(), breaker.name
        ahead_us = self._clock.utc_us() - self._clock.monotonic_ns() // 1_000
        until_us, probe_until_us = (at and ahead_us + at // 1_000 for at in (stands.until_ns, stands.probe_until_ns))
        argument = [what, name, stands.epoch, stands.state, until_us, stands.openings, probe_until_us, self._link.name]
        return self._link.scripts["breaker"].call(sent(b"th:breaker:%b" % name.encode()), argument)

    def _answered(self, reply: Any) -> None:
        if isinstance(reply, bytes):
            self._heard(reply)

    def _heard(self, message: bytes) -> None:
        self._follow(_decode(message))

    def _follow(self, told: list[Any]) -> None:
        name, epoch, state, until_us, openings, failures, probe_until_us, _ = told
        breaker = self._breakers.get(name)
        if breaker is None:
            return
        ahead_us = self._clock.utc_us() - self._clock.monotonic_ns() // 1_000
        until_ns, probe_until_ns = (at and (int(at) - ahead_us) * 1_000 for at in (until_us, probe_until_us))
        breaker.follow(Standing(epoch, state, until_ns, openings, failures, probe_until_ns))

    def _opened(self) -> None:
        """Tell how every breaker stands here, and hear how it stands."""
        for breaker in self._breakers.values():
            self._tell("turn", breaker)
