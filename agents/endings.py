"""How a run ends other than with an answer. Raised inside the package only: a caller gets a `Result`, no exception."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Status = Literal["completed", "stopped", "waiting", "failed", "cancelled"]
Stop = Literal[
    "steps",
    "tokens",
    "usd",
    "tool_calls",
    "deadline",
    "loop",
    "replans",
    "agents",
    "upstream",
    "invalid_output",
    "approval",
]

_BY_LIMIT: Mapping[str, Stop] = MappingProxyType(
    {
        "steps": "steps",
        "tokens": "tokens",
        "usd": "usd",
        "tool_calls": "tool_calls",
        "replans": "replans",
        "agents": "agents",
        "depth": "agents",
        "seconds": "deadline",
    }
)
_BY_CODE: Mapping[str, tuple[Status, Stop | None]] = MappingProxyType(
    {
        "deadline_exceeded": ("stopped", "deadline"),
        "loop_detected": ("stopped", "loop"),
        "tool_call_invalid": ("stopped", "invalid_output"),
        "output_invalid": ("stopped", "invalid_output"),
        "approval_required": ("waiting", "approval"),
        "approval_denied": ("stopped", "approval"),
        "budget_held": ("stopped", "usd"),
        "run_ended": ("cancelled", None),
    }
)


class Ending(Exception):
    """The run ends here: `status` and `stop` as a `Result` has them, `message` for a person."""

    def __init__(self, status: Status, stop: Stop | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.stop = stop
        self.message = message


class Refused(Exception):
    """The gateway's no, or its failure: HTTP status, code and the member or limit it names."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, approval_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.approval_id = approval_id

    def ending(self) -> Ending:
        """Return how a run ends that is told this."""
        if self.code == "budget_exceeded":
            limit = (self.param or "").rpartition(".")[2]
            return Ending("stopped", _BY_LIMIT.get(limit, "usd"), self.message)
        if self.code == "run_ended" and "expired" in self.message:
            return Ending("stopped", "deadline", self.message)
        status, stop = _BY_CODE.get(self.code, ("failed", "upstream"))
        return Ending(status, stop, self.message)
