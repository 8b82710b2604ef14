"""Settings of loops of tool calls: which rules there are, and at which call each acts."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .values import Settings

LoopRule = Literal["identical", "cycle", "same_error", "drifting"]
_Nth = Annotated[int, Field(strict=True, ge=2, le=1_000)]


class LoopSettings(Settings):
    """When a repeated tool call gets a note, and when it is refused; results that change are progress."""

    rules: tuple[LoopRule, ...] = Field(
        default=("identical", "cycle", "same_error", "drifting"),
        max_length=4,
        description="the same call; A B A B of up to four calls; the same error; other arguments, the same result",
    )
    nudge_at: _Nth = Field(default=3, description="at this call its result carries a note to the model")
    refuse_at: _Nth = Field(default=5, description="this call is refused")
    drift_nudge_at: _Nth = Field(default=5, description="the note, where arguments drift and the result stays")
    drift_refuse_at: _Nth = Field(default=10, description="the refusal, where they drift")
    history_max: Annotated[int, Field(strict=True, ge=8, le=2_048)] = Field(
        default=256, description="the run's last calls that are looked at"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.nudge_at > self.refuse_at or self.drift_nudge_at > self.drift_refuse_at:
            raise ValueError("a note comes no later than the refusal: nudge_at <= refuse_at, also where calls drift")
        return self
