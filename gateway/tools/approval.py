"""When a tool call needs a person's yes: by the tool's settings, by typed rules over its arguments, by taint.

    pending ──approve──▶ approved ──released in an answer──▶ released ──carried out──▶ used
       ├──deny─────────▶ denied       └────────carried out────────────────────────────▶ used
       └──time is over─▶ denied
A yes is for one tool, these canonical arguments and this policy, within one run (or key), until it expires, once. An
approver may edit the arguments: then the yes is for what was edited, under a new hash, and that is what runs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from limits.loops import ToolCall as Step

from ..config.rule import Rule
from ..config.tools import ConfiguredTool
from ..errors import InvalidRequest, ToolCallInvalid
from .check import ruled
from .edits import Patches, edited
from .schema import Schema, Unfit

Status = Literal["pending", "approved", "denied", "released", "used"]
DESCRIPTION = "description"
"""The policy of questions about what an MCP server says of a tool."""
_RULE_CHARS = 64
_NOT_EDITED = (".resources/read", ".prompts/get")


class Teller(Protocol):
    """Who is told of questions and decisions (a webhook); never blocks."""

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message."""
        ...


@dataclass(slots=True)
class Approval:
    """One question to a person. `scope` is the run or the key that asks; instants are µs UTC.

    `masked` is what is shown of `arguments` (JSON text, as the tool would get them), `voices` are the approvers who
    have spoken, `patches` what they edited (JSON merge patches, in order); `schema` is what arguments must fit.
    """

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
    voices: tuple[str, ...] = ()
    reply: str | None = None
    approvers: int = 1
    arguments: str = "{}"
    schema: Any = None
    patches: Patches = ()
    edited_key: str = ""

    @property
    def scope(self) -> str:
        """Where it holds."""
        return f"run:{self.run_id}" if self.run_id is not None else f"key:{self.key_id}"

    @property
    def question(self) -> tuple[str, str, str, str]:
        """What it is bound to."""
        return self.scope, self.tool, self.arguments_key, self.policy

    @property
    def edited_question(self) -> tuple[str, str, str, str]:
        """What it is bound to once it was edited."""
        return self.scope, self.tool, self.edited_key, self.policy

    @property
    def decided_by(self) -> str | None:
        """Whose word it was; None while it is open."""
        return None if self.status == "pending" else ", ".join(self.voices)

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
            "approvers": self.approvers,
            "approved_by": list(self.voices) if self.status == "pending" else [],
            "edited": self.edited_key or None,
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


def check_edit(approval: Approval, rules: tuple[Rule, ...]) -> str:
    """Return the arguments as approvers edited them, as JSON; they must fit schema and rules as a model's must.

    Raises InvalidRequest, ToolCallInvalid.
    """
    if approval.policy == DESCRIPTION or approval.tool.endswith(_NOT_EDITED):
        raise InvalidRequest("this question is about no arguments that could be edited", param="edit")
    said = edited(approval.arguments, approval.patches)
    read = Schema(approval.schema).read(said)
    if isinstance(read, Unfit):
        where = f" at {read.place}" if read.place else ""
        raise ToolCallInvalid(f"the edited arguments do not fit the tool's schema ({read.rule}{where})", param="edit")
    refusal = ruled(rules, approval.tool, read)[1]
    if refusal is not None:
        raise refusal
    return said
