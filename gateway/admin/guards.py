"""`/admin/guards/try`: what a policy does to a text, which is then forgotten: no record, log or span has it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from ..config.values import Name
from ..errors import NotFound
from ..guards.policy import Direction
from ..trial import Trials
from .actor import WHO
from .parts import Parts
from .shapes import Shape

_TEXT_CHARS_MAX = 200_000
_Named = Annotated[str, Field(max_length=256)]


class Try(Shape):
    """A text, and as whose it is to be treated."""

    text: Annotated[str, Field(max_length=_TEXT_CHARS_MAX)]
    profile: Name = "default"
    direction: Direction = "request"
    tenant: _Named = Field(default="", description="rules for this tenant count")
    key: _Named = Field(default="", description="rules for the key of this id count")
    model: _Named = Field(default="", description="rules for this model count")
    tool: _Named = Field(default="", description="whose arguments or result it is")


class Found(Shape):
    """One finding; the offsets are characters of the text (in JSON, of the string that holds it)."""

    kind: str
    rule: str
    action: str
    start: int
    end: int


class Tried(Shape):
    """What would go on, and why."""

    text: str = Field(description="as it would go on, unless it is refused")
    refused: bool
    findings: tuple[Found, ...]
    denied: tuple[str, ...] = Field(description="topics of guards.deny in the text")
    injected: tuple[str, ...] = Field(description="orders that seem to hide in it")


def routes(parts: Parts) -> APIRouter:
    """Return the routes; each needs an administrator."""
    router = APIRouter(prefix="/admin/guards", tags=["guards"], dependencies=[WHO])
    trials = Trials()

    @router.post("/try")
    async def try_text(asked: Try) -> Tried:
        """Apply a profile's guards to a text and show what they find; nothing of it is kept."""
        profile = parts.directory.profiles.get(asked.profile)
        if profile is None:
            raise NotFound(f"there is no profile {asked.profile}", param="profile")
        trial = trials.of(
            profile,
            asked.text,
            asked.direction,
            tenant=asked.tenant,
            key=asked.key,
            model=asked.model,
            tool=asked.tool,
        )
        blocking = {each.name for each in profile.guarding.deny if each.blocks}
        return Tried(
            text=trial.text,
            refused=trial.blocked
            or not blocking.isdisjoint(trial.denied)
            or bool(trial.injected and profile.guarding.injected == "block"),
            findings=tuple(
                Found(kind=each.kind, rule=each.rule, action=each.action, start=each.start, end=each.end)
                for each in trial.findings
            ),
            denied=trial.denied,
            injected=trial.injected,
        )

    return router
