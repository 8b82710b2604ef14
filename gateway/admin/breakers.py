"""`/admin/breakers`: which upstreams, tools and MCP servers are left alone, and the switch to do so by hand."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from limits.breaker import Breaker

from .actor import WHO, Actor
from .parts import Parts
from .shapes import Shape


class BreakerShown(Shape):
    """A breaker as it stands."""

    name: str = Field(description="UPSTREAM/MODEL, tool/NAME or mcp/SERVER")
    state: str = Field(description="closed, open or half-open; an open one turns half-open when it is next asked")
    failures: int = Field(description="in a row, while closed")
    openings: int = Field(description="in a row; each stays open twice as long")
    probe_in_s: float = Field(description="until an open one lets one call through")


class BreakersShown(Shape):
    """All breakers, by name."""

    breakers: tuple[BreakerShown, ...]


class Opening(Shape):
    """For how long a breaker is to be open."""

    seconds: Annotated[float, Field(gt=0, le=604_800)] = Field(default=600, description="then one call is the probe")


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/breakers", tags=["breakers"], dependencies=[WHO])

    @router.get("")
    async def list_breakers() -> BreakersShown:
        """Return every breaker."""
        return BreakersShown(breakers=tuple(_shown(breaker) for breaker in parts.breakers.all()))

    @router.post("/{name:path}/open")
    async def open_breaker(name: str, body: Opening, actor: Actor) -> BreakerShown:
        """Leave an upstream or tool alone for so long, whatever it answers; then one call is the probe."""
        return _shown(await parts.breakers.operate(actor, name, "open", body.seconds))

    @router.post("/{name:path}/close")
    async def close_breaker(name: str, actor: Actor) -> BreakerShown:
        """Let all calls through again; failures and back-off start anew."""
        return _shown(await parts.breakers.operate(actor, name, "close"))

    @router.post("/{name:path}/reset")
    async def reset_breaker(name: str, actor: Actor) -> BreakerShown:
        """Forget failures and back-off; if it is open, the next call is the probe that decides."""
        return _shown(await parts.breakers.operate(actor, name, "reset"))

    return router


def _shown(breaker: Breaker) -> BreakerShown:
    return BreakerShown(
        name=breaker.name,
        state=breaker.state,
        failures=breaker.failures,
        openings=breaker.openings,
        probe_in_s=round(breaker.wait_s, 1),
    )
