"""When a tool call needs a person's yes: by the tool's settings, by typed rules over its arguments, by taint.

    pending ──approve──▶ approved ──released in an answer──▶ released ──carried out──▶ used
       ├──deny─────────▶ denied       └────────carried out────────────────────────────▶ used
       └──time is over─▶ denied
A yes is for one tool, these canonical arguments and this policy, within one run (or key), until it expires, once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from limits.loops import ToolCall as Step

from ..config.tools import ConfiguredTool

Status = Literal["pending", "approved", "denied", "released", "used"]
_RULE_CHARS = 64


@dataclass(slots=True)
class Approval:
    """One question to a person. `scope` is the run or the key that asks; instants are µs UTC."""

    id: str
    tenant: str
    key_id: str
    run_id: str | None
    tool: str
    call_id: str
    arguments_key: str
    policy: str
    rule: str
    masked: str
    made_us: int
    expires_us: int
    status: Status = "pending"
    decided_by: str | None = None
    reply: str | None = None

    @property
    def scope(self) -> str:
        """Where it holds."""
        return f"run:{self.run_id}" if self.run_id is not None else f"key:{self.key_id}"

    @property
    def question(self) -> tuple[str, str, str, str]:
        """What it is bound to."""
        return self.scope, self.tool, self.arguments_key, self.policy

    def tell(self) -> dict[str, Any]:
        """Return it as the API and the webhook show it: ids and masked arguments."""
        return {
            "id": self.id,
            "object": "approval",
            "status": self.status,
            "tenant": self.tenant,
            "key": self.key_id,
            "run": self.run_id,
            "tool": self.tool,
            "tool_call_id": self.call_id,
            "arguments": self.masked,
            "arguments_key": self.arguments_key,
            "policy": self.policy,
            "rule": self.rule,
            "decided_by": self.decided_by,
            "created_at": self.made_us // 1_000_000,
            "expires_at": self.expires_us // 1_000_000,
        }


def why(settings: ConfiguredTool, arguments: Mapping[str, Any], steps: Iterable[Step], trusted: frozenset[str]) -> str:
    """Return the rule by which a call needs approval, "" if it needs none.

    `steps` are what its run has called before; a result of a tool that is not `trusted` taints the run.
    """
    if settings.approval == "never":
        return ""
    if settings.approval == "always":
        return "always"
    for at, rule in enumerate(settings.approval_when):
        if rule.holds(arguments) is not False:
            return f"when[{at}] {rule.text[:_RULE_CHARS]}"
    if settings.sensitive and any(step.outcome and step.tool not in trusted for step in steps):
        return "tainted"
    return ""
