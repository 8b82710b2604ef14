"""Firewall's side of approvals: which proposed or arriving call waits for a person's yes, and which uses one up.

On model routes the whole answer is kept sealed (Recall does that) and comes once the yes is there; on the tools' own
routes the call is simply sent again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ..approvals import Approvals, denied, required
from ..call import Call
from ..errors import ApprovalDenied, ApprovalRequired, Ending
from ..tools.approval import Approval, why
from ..tools.check import Checked
from ..tools.offers import Tool, Tools
from ..tools.trail import Trail


@dataclass(slots=True)
class Wanted:
    """What one call waits for, or may use up."""

    asked: list[tuple[Checked, str]] = field(default_factory=list)
    waiting: list[Approval] = field(default_factory=list)
    granted: list[Approval] = field(default_factory=list)
    new: list[Approval] = field(default_factory=list)


class Consent:
    """Asks `approvals` about the calls of configured `tools`; a tool that is not configured needs none."""

    def __init__(self, approvals: Approvals, tools: Tools) -> None:
        self._approvals = approvals
        self._tools = tools
        self._trusted = frozenset(name for name, tool in tools.items() if tool.settings.trusted)

    def may_ask(self, call: Call) -> bool:
        """Whether an answer to this call may have to wait: a tool that is offered may need approval."""
        request = call.clear
        return request is not None and any(_may_need(self._tools.get(tool.name)) for tool in request.tools)

    def proposed(self, call: Call, decided: Sequence[Checked], trail: Trail) -> ApprovalDenied | None:
        """Take note of the calls of an answer that need a yes; return the refusal if one of them was denied."""
        wanted: Wanted = call.kept.setdefault("consent", Wanted())
        for checked in decided:
            tool = self._tools.get(checked.proposal.name)
            if tool is None or not _may_need(tool):
                continue
            rule = why(tool.settings, _tree(checked.proposal.clear), trail.steps, self._trusted)
            if not rule:
                continue
            found = self._approvals.find(call, tool.name, checked.key, _policy(call, tool))
            if found is None or found.status in ("released", "used"):
                wanted.asked.append((checked, rule))
            elif found.status == "approved":
                wanted.granted.append(found)
            elif found.status == "denied":
                return denied(found)
            else:
                wanted.waiting.append(found)
        return None

    def settle(self, call: Call) -> None:
        """Ask what is to be asked and end the call with that, or use up what was granted."""
        wanted: Wanted | None = call.kept.get("consent")
        if wanted is None or call.ending is not None:
            return
        for checked, rule in wanted.asked:
            wanted.new.append(
                self._approvals.ask(
                    call,
                    tool=checked.proposal.name,
                    call_id=checked.proposal.id,
                    arguments=checked.proposal.clear,
                    key=checked.key,
                    policy=_policy(call, self._tools[checked.proposal.name]),
                    rule=rule,
                )
            )
        waiting = [*wanted.new, *wanted.waiting]
        if waiting:
            call.ending = required(call, waiting)
            self._tell_when_written(call, wanted.new)
            return
        for approval in wanted.granted:
            self._approvals.take(call, approval, "released")

    def keep(self, call: Call, reply: str | None) -> None:
        """Write the call's new questions with its record; `reply` names the stored answer that they release."""
        wanted: Wanted | None = call.kept.get("consent")
        if wanted is not None and wanted.new:
            self._approvals.keep(call, wanted.new, reply)

    def executes(self, call: Call, key: str, tree: Mapping[str, Any], trail: Trail, *, named: str) -> None:
        """Let a call that is to be carried out pass, using its yes up, or raise ApprovalPending or ApprovalDenied."""
        tool: Tool = call.model
        request = call.clear
        rule = why(tool.settings, tree, trail.steps, self._trusted) if _may_need(tool) else ""
        if not rule or request is None or request.executes is None:
            return
        policy = _policy(call, tool)
        found = self._approvals.find(call, tool.name, key, policy)
        if found is not None and found.status in ("approved", "released"):
            call.kept["consent_used"] = (found, found.status)
            self._approvals.take(call, found, "used")
            return
        if found is not None and found.status == "denied":
            raise denied(found)
        if found is None or found.status == "used":
            arguments = request.executes.arguments
            found = self._approvals.ask(
                call, tool=tool.name, call_id=named, arguments=arguments, key=key, policy=policy, rule=rule
            )
            self._approvals.keep(call, [found])
            self._tell_when_written(call, [found])
        raise required(call, [found])

    def not_executed(self, call: Call) -> None:
        """Give a yes back: the call that used it was not carried out."""
        used = call.kept.pop("consent_used", None)
        if used is not None:
            self._approvals.take(call, *used)

    def descriptions(self, call: Call) -> None:
        """Ask about tools whose server says something else of them now; pin anew what was approved."""
        asked: list[Approval] = []
        for pins, pin, definition in call.kept["pins_changed"]:
            tool, said, asker = f"{pin.server}.{pin.tool}", orjson.dumps(definition).decode(), f"mcp:{pin.server}"
            found = self._approvals.find(call, tool, pin.seen, "description", asker=asker)
            if found is None or found.status == "used":
                question = self._approvals.ask(
                    call,
                    tool=tool,
                    call_id="",
                    arguments=said,
                    key=pin.seen,
                    policy="description",
                    rule="changed",
                    asker=asker,
                )
                asked.append(question)
            elif found.status == "approved":
                call.statements.append(pins.accept(pin, definition))
                self._approvals.take(call, found, "used")
        if asked:
            self._approvals.keep(call, asked)
            self._tell_when_written(call, asked, good=call.ending)

    def _tell_when_written(self, call: Call, asked: list[Approval], *, good: Ending | None = None) -> None:
        """Tell of questions when the call's life is over: a record that was not written has become its ending."""
        if not asked:
            return
        life = asyncio.current_task()
        assert life is not None  # noqa: S101 - stages run in a call's task
        life.add_done_callback(
            lambda _: self._approvals.told(
                asked, written=call.ending is good or isinstance(call.ending, ApprovalRequired)
            )
        )


def _may_need(tool: Tool | None) -> bool:
    if tool is None or tool.settings.approval == "never":
        return False
    settings = tool.settings
    return settings.approval == "always" or bool(settings.approval_when) or settings.sensitive


def _policy(call: Call, tool: Tool) -> str:
    return f"{call.profile.version}.{tool.version}"


def _tree(arguments: str) -> Mapping[str, Any]:
    tree = orjson.loads(arguments) if arguments else {}
    return tree if isinstance(tree, dict) else {}
