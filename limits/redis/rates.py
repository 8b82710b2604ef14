"""Rates and calls at once that several processes share: one script a call lets it in, over the ledger's connection.

The arithmetic is that of `limits.rates`, in ticks of 1/16 µs of the asking process' wall clock: a clock that is ahead
of the others by some time lets in, once, what grows back in that time. A call whose process died keeps its place until
its own deadline. While Redis does not answer there is no answer here: who asks judges by what it knows alone.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..clock import Clock
from ..rates import Entered, RateAnswer, Wanted
from .link import Link
from .scripts import sent
from .wire import Lost

_MINUTE = 960_000_000
_BEGAN_US = 1_735_689_600_000_000  # 2025: the ticks since then are below 2^53 until 2042
_PLACE_SLACK_US = 5_000_000
_decode = msgspec.msgpack.Decoder().decode


class SharedRates:
    """What `limits.rates` does for one process, for all that share one Redis."""

    def __init__(self, link: Link, clock: Clock, *, tenants_max: int = 50_000) -> None:
        self._link = link
        self._clock = clock
        self._keys: dict[str, bytes] = {}
        self._tenants_max = tenants_max

    async def enter(
        self, call: str, tenant: str, place: tuple[str, int], wanted: Sequence[Wanted], left_s: float
    ) -> Entered | None:
        """Let a call in, taking one of a key's places and its rates, or take nothing; None if Redis does not answer.

        `place` is a key and how many may be in at once; the call has at most `left_s` more to live.
        """
        wire = self._link.wire
        if wire is None:
            return None
        now_us = self._clock.utc_us()
        until = _ticks(now_us + round(left_s * 1e6) + _PLACE_SLACK_US)
        rates = [(f":{each.key}", _cost(each.limit, each.weight), _MINUTE) for each in wanted]
        argument = [_ticks(now_us), call, (f":c:{place[0]}", place[1], until), rates]
        try:
            reply = await wire.ask(self._link.scripts["enter"].call(self._key(tenant), argument))
        except Lost:
            return None
        if not isinstance(reply, bytes):
            return None
        refused, ahead = _decode(reply)
        if refused < 0:
            return Entered(has_place=False)
        answers = zip(wanted, rates, ahead, strict=True)
        return Entered(
            True,
            [_answer(each, cost, far, ok=at != refused) for at, (each, (_, cost, _), far) in enumerate(answers, 1)],
        )

    def leave(self, call: str, tenant: str, place: str, unused: Wanted | None = None) -> None:
        """Let a call out and give back what it took of a rate and did not use, now or, if Redis is away, never."""
        wire = self._link.wire
        if wire is None:
            return
        rate: tuple[Any, int] = (False, 0)
        if unused is not None:
            rate = (f":{unused.key}", unused.weight * _MINUTE // unused.limit)
        argument = [_ticks(self._clock.utc_us()), call, f":c:{place}", *rate]
        try:
            wire.send(self._link.scripts["leave"].call(self._key(tenant), argument), _nothing)
        except Lost:
            return

    def _key(self, tenant: str) -> bytes:
        key = self._keys.get(tenant)
        if key is None:
            if len(self._keys) >= self._tenants_max:
                self._keys.clear()
            key = self._keys[tenant] = sent(b"th:{%b}:r" % tenant.encode())
        return key


def _ticks(at_us: int) -> int:
    return (at_us - _BEGAN_US) * 16


def _cost(limit: int, weight: int) -> int:
    return -(-weight * _MINUTE // limit)


def _answer(wanted: Wanted, cost: int, ahead: int, *, ok: bool) -> RateAnswer:
    remaining = max(0, (_MINUTE - ahead) * wanted.limit // _MINUTE)
    reset_s = ahead / 16e6
    if ok:
        return RateAnswer(True, wanted.limit, remaining, reset_s)
    wait_s = (ahead + cost - _MINUTE) / 16e6 if wanted.weight <= wanted.limit else None
    return RateAnswer(False, wanted.limit, remaining, reset_s, wait_s)


def _nothing(_reply: object) -> None:
    """Take no notice: what became of it changes nothing here."""
