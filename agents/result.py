"""What a run gives back: always a result, also when it was stopped, waits for a person, or failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .endings import Status, Stop
from .event import Event


class RunFailed(Exception):
    """Raised by `Result.raise_for_status` only; `result` has what was found so far."""

    def __init__(self, result: "Result") -> None:
        super().__init__(f"run {result.run_id} {result.status} ({result.stop or 'no limit'}): {result.message}")
        self.result = result


@dataclass(frozen=True, slots=True)
class Usage:
    """What this run used itself (not its children): tokens, dollars, counts, and seconds by where they went."""

    input_tokens: int = 0
    output_tokens: int = 0
    usd: Decimal = Decimal(0)
    steps: int = 0
    tool_calls: int = 0
    model_s: float = 0.0
    tool_s: float = 0.0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person is asked, `by` the runner (`resume(answers={id: True})`) or by the gateway (`approve(id)`)."""

    id: str
    by: str
    name: str
    arguments: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended. `account` is the gateway's: limits and use of the whole run tree."""

    run_id: str
    status: Status
    stop: Stop | None
    message: str
    output: Any
    partial: str
    usage: Usage
    account: Mapping[str, Any] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    degraded: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    messages: tuple[Mapping[str, Any], ...] = ()
    events: tuple[Event, ...] = field(default=(), repr=False)

    @property
    def remaining(self) -> dict[str, Any]:
        """What the run tree has left of each limit, as the gateway's account says; empty if it could not be asked."""
        limits, used = self.account.get("limits", {}), self.account.get("used", {})
        left: dict[str, Any] = {}
        for name in limits.keys() & used.keys():
            if limits[name] is None:
                continue
            if name == "usd":
                left[name] = str(Decimal(limits[name]) - Decimal(used[name]))
            else:
                left[name] = limits[name] - used[name]
        return left

    def raise_for_status(self) -> "Result":
        """Return it if the run completed; RunFailed otherwise."""
        if self.status != "completed":
            raise RunFailed(self)
        return self
