"""A tool call that comes to be carried out, or tells its result: Firewall's rules for calls outside a model's answer.

It is the proposal of its id, else the oldest open proposal of the same tool and arguments; else it is new, and counted.
A call that was not carried out stays open, so that its repetition is not counted again.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import structs

from ..call import Call, ToolCall, ToolDefinition
from ..dialects.strict import decode
from ..errors import ApprovalRequired, InvalidRequest, LoopDetected, NotFound, ToolCallInvalid, ToolNotAllowed
from ..tools.approval import Approval
from ..tools.check import NAME_CHARS, ruled, told_of
from ..tools.edits import edited
from ..tools.schema import Schemas, Unfit
from ..tools.trail import Trail, Trails
from .consent import Consent

ID_HEADER = "x-tollhouse-tool-call-id"
_ID_CHARS_MAX = 128


@dataclass(slots=True)
class _Execution:
    """What is kept of one call: its place in the run's trail, and whether it is carried out here."""

    trail: Trail
    identity: str
    key: str
    here: bool


class Executing:
    """`count` takes tool calls in the call's run."""

    def __init__(
        self,
        schemas: Schemas,
        trails: Trails,
        count: Callable[[Call, int], Awaitable[None]],
        consent: Consent | None = None,
    ) -> None:
        self._schemas = schemas
        self._trails = trails
        self._count = count
        self._consent = consent

    async def admit(self, call: Call) -> None:
        """Check a call that is to be carried out; raise the refusal."""
        request = call.clear
        assert request is not None  # noqa: S101 - Read set it
        if request.executes is None and not request.results:
            return  # a message of a protocol that calls nothing
        if forbids := call.forbids_tool(call.model.name):
            raise ToolNotAllowed(f"{forbids} does not allow the tool {call.model.name}", param="tool")
        if request.executes is None:
            self._result(call)
            return
        asked = request.executes
        tool = call.model
        tree = await self._arguments(call, asked)
        trail, _ = self._trails.of(call.run.id if call.run is not None else None, call.profile.loops)
        key = trail.key(tool.name, asked.arguments, tree)
        call_id = _said_id(call) or asked.id or None
        identity = trail.claim(call_id, key)
        call.kept["tool_key"] = key
        call.kept["tool_call_id"] = (identity or call_id or f"tc_{secrets.token_hex(10)}")[:NAME_CHARS]
        call.headers[ID_HEADER] = call.kept["tool_call_id"]
        if identity is None:
            identity = await self._new(call, trail, call_id or call.kept["tool_call_id"], key)
        call.kept["execution"] = _Execution(trail, identity, key, here=bool(tool.targets))
        if self._consent is not None:
            yes = await self._consent.executes(call, key, tree, trail, named=call.kept["tool_call_id"])
            if yes is not None and yes.patches:
                _carry_out_edited(call, yes)

    async def _arguments(self, call: Call, asked: ToolCall) -> dict[str, object]:
        tool = call.model
        toolset = await self._schemas.of((ToolDefinition(tool.name, tool.parameters),))
        read = toolset[tool.name].read(asked.arguments)
        if isinstance(read, Unfit):
            where = f" at {read.place}" if read.place else ""
            call.decide("firewall", "refused", rule=read.rule)
            raise ToolCallInvalid(
                f"the arguments of {tool.name} do not fit its schema ({read.rule}{where})", param="arguments"
            )
        tree = read or {}
        rule, refusal = ruled(tool.settings.rules, tool.name, tree)
        if refusal is not None:
            call.decide("firewall", "refused", rule=rule)
            raise refusal
        return tree

    async def _new(self, call: Call, trail: Trail, call_id: str, key: str) -> str:
        """Judge and count a call that was proposed nowhere."""
        name = call.model.name
        verdict = trail.judge(name, key)
        if verdict.action == "refuse":
            call.decide("firewall", "refused", rule=verdict.rule, limit=verdict.limit - 1, actual=verdict.count)
            raise LoopDetected(
                f"{name} was called {verdict.count - 1} times without progress ({verdict.rule.replace('_', ' ')}); "
                f"call {verdict.limit} is refused",
                limit=verdict.limit - 1,
                actual=verdict.count,
            )
        if call.run is not None:
            await self._count(call, 1)
        return trail.add(call_id, name, key)

    def _result(self, call: Call) -> None:
        """Take in the result of a local function's call."""
        request = call.clear
        assert request is not None  # noqa: S101 - `admit` looked
        if call.model.targets:
            raise InvalidRequest(f"{call.model.name} runs at the gateway, which has its results itself", param="tool")
        (told,) = request.results
        if call.run is None:
            call.kept["tools"] = [told_of(told.call_id, call.model.name, "", "failed" if told.failed else "executed")]
            return
        trail, _ = self._trails.of(call.run.id, call.profile.loops)
        key = trail.close(told.call_id, request.texts[0].value, failed=told.failed)
        if key is None:
            raise NotFound("no call of that id waits for a result in this run", param="tool_call_id")
        call.kept["tools"] = [told_of(told.call_id, call.model.name, key, "failed" if told.failed else "executed")]

    def settle(self, call: Call) -> None:
        """Close the call with its result, or leave it open if it was not carried out."""
        kept: _Execution | None = call.kept.get("execution")
        if kept is None:
            return
        decision = _decision(call, here=kept.here)
        if decision in ("executed", "failed") and call.ending is None:
            kept.trail.close(kept.identity, call.kept.get("tool_outcome", ""), failed=decision == "failed")
        elif decision in ("refused", "awaiting"):
            kept.trail.let_go(kept.identity)
            if self._consent is not None:
                self._consent.not_executed(call)
        call.kept["tools"] = [told_of(call.kept["tool_call_id"], call.model.name, kept.key, decision)]


def _carry_out_edited(call: Call, yes: Approval) -> None:
    """Let the call be what was approved: its arguments in their edited form, under their hash."""
    request, execution = call.clear, call.kept["execution"]
    assert request is not None  # noqa: S101 - Read set it
    assert request.executes is not None  # noqa: S101 - `admit` looked
    said = edited(request.executes.arguments, yes.patches)
    tree = {**request.tree, "arguments": decode(said.encode()), "allowed": decode(said.encode())}
    executes = structs.replace(request.executes, arguments=said)
    call.clear = call.request = structs.replace(request, tree=tree, executes=executes)
    call.kept["tool_key"] = execution.key = yes.edited_key
    execution.trail.rekey(execution.identity, yes.edited_key)
    call.headers["x-tollhouse-edited"] = yes.id
    call.decide("firewall", "edited", approval=yes.id)


def _decision(call: Call, *, here: bool) -> str:
    if isinstance(call.ending, ApprovalRequired):
        return "awaiting"
    if call.ending is not None:
        sent = any(attempt.sent for attempt in call.attempts)
        return "failed" if sent else "refused"
    if not here:
        return "authorised"
    return "failed" if call.finish == "error" else "executed"


def _said_id(call: Call) -> str | None:
    said = call.caller.headers.get(ID_HEADER)
    if said is not None and not (0 < len(said) <= _ID_CHARS_MAX and said.isascii() and said.isprintable()):
        raise InvalidRequest(f"{ID_HEADER} has 1 to {_ID_CHARS_MAX} printable ASCII characters", param=ID_HEADER)
    return said
