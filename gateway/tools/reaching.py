"""What tools and MCP servers have in common on the way out: the offer, headers, what is left of the time, breaker."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from limits.bound import FAMILIES, Family
from limits.breaker import Breaker, BreakerPolicy
from limits.clock import Clock
from limits.money import usd_to_nano
from limits.prices import NOTHING, Price

from ..call import Call
from ..config.upstreams import BreakerSettings
from ..config.values import Secret, Usd
from ..upstream.interface import Timeouts, Upstream
from ..upstream.target import CAPABILITIES, Capability, Target

PICO = 1_000
_LEFT_S_MIN = 0.05
_CONNECT_S_MAX = 10.0


class Reached(Protocol):
    """Settings of something that is asked over HTTP."""

    @property
    def headers(self) -> Mapping[str, str] | None:
        """Headers of the operator's."""
        ...

    @property
    def credential(self) -> Secret | None:
        """What it asks for."""
        ...

    @property
    def credential_header(self) -> str:
        """Where that goes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Where calls of a tool go, with all that an attempt needs; in an Offer's form. `name` is the tool's."""

    name: str
    target: Target
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    client: Upstream = field(repr=False)
    breaker: Breaker
    cost: Price
    reply_bytes_max: int
    family: Family = FAMILIES["other"]
    capability: Capability = CAPABILITIES["openai_compatible"]
    per_call: bool = True

    def price(self, tier: str | None = None) -> Price:  # noqa: ARG002
        """Return the price of a call."""
        return self.cost


def headers_of(settings: Reached, *own: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what is sent with every call: ours, the operator's, the credential."""
    headers = [("user-agent", "tollhouse"), *own, *(settings.headers or {}).items()]
    if settings.credential is not None:
        secret = settings.credential.reveal()
        is_bearer = settings.credential_header == "authorization"
        headers.append((settings.credential_header, f"Bearer {secret}" if is_bearer else secret))
    return tuple(headers)


def time_left(call: Call, deadline_s: float) -> tuple[Timeouts, tuple[str, str]]:
    """Return the bounds of one attempt, by its own deadline and the call's, and the header that tells them."""
    left_s = max(_LEFT_S_MIN, min(deadline_s, call.deadline_s - asyncio.get_running_loop().time()))
    timeouts = Timeouts(min(_CONNECT_S_MAX, left_s), left_s, left_s, left_s)
    return timeouts, ("x-tollhouse-deadline-s", f"{left_s:.3f}")


def price_of(name: str, usd: Usd) -> Price:
    """Return the price of one call."""
    return Price(name, (NOTHING,), 0, 0, "configuration", "1", usd_to_nano(usd) * PICO)


def breaker_of(name: str, settings: BreakerSettings, clock: Clock, chance: Random) -> Breaker:
    """Return a breaker as it is configured."""
    return Breaker(name, clock, BreakerPolicy(settings.failures_max, settings.open_s, settings.open_s_max), chance)
