"""Firewall's side of approvals: which proposed or arriving call waits for a person's yes, and which uses one up.

On model routes the whole answer is kept sealed (Recall does that) and comes once the yes is there; on the tools' own
routes the call is simply sent again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ..approvals import Approvals, denied, required
from ..call import Call
from ..config.mcp import McpServer
from ..errors import ApprovalDenied, ApprovalRequired, Ending
from ..tools.approval import DESCRIPTION, Approval, why
from ..tools.check import Checked
from ..tools.edits import Patches
from ..tools.offers import Tool, Tools
from ..tools.trail import Trail


@dataclass(slots=True)
class Wanted:
    """What one call waits for, or may use up."""

    asked: list[tuple[Checked, str]] = field(default_factory=list)
    waiting: list[Approval] = field(default_factory=list)
    granted: list[Approval] = field(default_factory=list)
    new: list[Approval] = field(default_factory=list)
    edits: dict[str, Patches] = field(default_factory=dict)
    written: bool = False


class Consent:
    """Asks `approvals` about the calls of configured `tools`; a tool that is not configured needs none."""

    def __init__(self, approvals: Approvals, tools: Tools, servers: Iterable[McpServer] = ()) -> None:
        self._approvals = approvals
        self._tools = tools
        mine = [name for name, tool in tools.items() if tool.settings.trusted]
        theirs = [f"{server.name}.{tool.name}" for server in servers for tool in server.tools if tool.trusted]
        self._trusted = frozenset([*mine, *theirs])

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
                if found.patches:
                    checked.key, wanted.edits[checked.proposal.id] = found.edited_key, found.patches
            elif found.status == "denied":
                return denied(found)
            else:
                wanted.waiting.append(found)
        return None

    def edits(self, call: Call) -> dict[str, Patches]:
        """Return what approvers edited in the calls of an answer, by their ids."""
        wanted: Wanted | None = call.kept.get("consent")
        return {} if wanted is None else wanted.edits

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
                    schema=_schema_of(call, checked.proposal.name),
                    approvers=self._tools[checked.proposal.name].settings.approvers,
                )
            )
        waiting = [*wanted.new, *wanted.waiting]
        if waiting:
            call.ending = required(call, waiting)
            self._tell_when_written(call, wanted.new, wanted)
            return
        for approval in wanted.granted:
            self._approvals.take(call, approval, "released")

    def keep(self, call: Call, reply: str | None) -> None:
        """Write the call's new questions with its record; `reply` names the stored answer that they release."""
        wanted: Wanted | None = call.kept.get("consent")
        if wanted is not None and wanted.new:
            self._approvals.keep(call, wanted.new, reply)

    async def hold(self, call: Call) -> list[Approval]:
        """Wait for the answers of a call that settles; return the yeses if it may go on, else leave it its ending."""
        wanted: Wanted = call.kept["consent"]
        if wanted.new:
            await self._approvals.write(call, wanted.new)
        wanted.written = True
        asked = [*wanted.new, *wanted.waiting]
        await self._approvals.wait(call, asked, call.profile.approval_wait_s)
        no = next((each for each in asked if each.status == "denied"), None)
        if no is not None:
            call.ending = denied(no)
        if no is not None or call.left or any(each.status != "approved" for each in asked):
            return []
        call.ending = None
        for each in (*asked, *wanted.granted):
            self._approvals.take(call, each, "released")
        return asked

    async def executes(
        self, call: Call, key: str, tree: Mapping[str, Any], trail: Trail, *, named: str
    ) -> Approval | None:
        """Let a call that is to be carried out pass and return the yes that it uses up, None if it needs none.

        Raises ApprovalPending or ApprovalDenied.
        """
        tool: Tool = call.model
        request = call.clear
        rule = why(tool.settings, tree, trail.steps, self._trusted) if _may_need(tool) else ""
        if not rule or request is None or request.executes is None:
            return None
        wait_s = call.profile.approval_wait_s
        found = self._approvals.find(call, tool.name, key, _policy(call, tool))
        if found is None or found.status == "used":
            found = self._approvals.ask(
                call,
                tool=tool.name,
                call_id=named,
                arguments=request.executes.arguments,
                key=key,
                policy=_policy(call, tool),
                rule=rule,
                schema=tool.parameters,
                approvers=tool.settings.approvers,
            )
            self._approvals.keep(call, [found])
            if wait_s:
                await self._approvals.write(call, [found])
            else:
                self._tell_when_written(call, [found])
        if wait_s and found.status == "pending":
            await self._approvals.wait(call, [found], wait_s)
        if found.status in ("approved", "released"):
            call.kept["consent_used"] = (found, found.status)
            self._approvals.take(call, found, "used")
            return found
        raise denied(found) if found.status == "denied" else required(call, [found])

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
            found = self._approvals.find(call, tool, pin.seen, DESCRIPTION, asker=asker)
            if found is None or found.status == "used":
                question = self._approvals.ask(
                    call,
                    tool=tool,
                    call_id="",
                    arguments=said,
                    key=pin.seen,
                    policy=DESCRIPTION,
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

    def _tell_when_written(
        self, call: Call, asked: list[Approval], wanted: Wanted | None = None, *, good: Ending | None = None
    ) -> None:
        """Tell of questions when the call's life is over: a record that was not written has become its ending."""
        if not asked:
            return

        def over(_: object) -> None:
            if wanted is None or not wanted.written:
                written = call.ending is good or isinstance(call.ending, ApprovalRequired)
                self._approvals.told(asked, written=written)

        life = asyncio.current_task()
        assert life is not None  # noqa: S101 - stages run in a call's task
        life.add_done_callback(over)


def _schema_of(call: Call, name: str) -> Any:
    tools = call.clear.tools if call.clear is not None else ()
    return next((tool.schema for tool in tools if tool.name == name), None)


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
