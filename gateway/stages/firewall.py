"""Every tool passes here: what is offered, what came back, and what the model's answer proposes to call.

The calls of a choice are held until the last is complete and checked; they are released together or not at all, as
terminal events: the pipeline sends those once the outcome is durable, and the outcome says that they were authorised.
So an authorisation needs no write of its own, and costs no time: a client acts on calls only when their choice has
ended, and that marker waits for the same record. Text flows on meanwhile.
"""

from collections.abc import Awaitable, Iterable, Sequence
from types import MappingProxyType

from msgspec import Struct, structs

from limits.entries import CountEntry
from limits.seam import Ledger, RunSeen

from ..call import Call, Event, Request
from ..dialects.strict import encode
from ..errors import ApprovalRequired, BudgetExceeded, Ending, Refusal, ToolNotAllowed
from ..hosting import refuse_hosted
from ..stage import AskAgain, CallStage
from ..tools.check import NAME_CHARS, Checked, Rules, check, told_of
from ..tools.edits import edit_calls
from ..tools.proposals import Held, Proposal, of_whole
from ..tools.schema import Schemas, Toolset
from ..tools.trail import Trail, Trails
from ..verdicts import ending_of
from .consent import Consent
from .executing import Executing

_TOLD_MAX = 64  # of refused calls and of results; what is released is always told
_TOOL_CALLS = 1


class _Watch(Struct, eq=False):
    """What Firewall keeps of one call."""

    toolset: Toolset
    trail: Trail
    held: dict[int, Held] = {}
    released: list[Checked] = []


class Firewall(CallStage):
    """Allow-list, schemas, loops, the run's tool calls. `schemas` and `trails` are bounded and in memory."""

    def __init__(
        self,
        schemas: Schemas,
        trails: Trails,
        ledger: Ledger,
        consent: Consent | None = None,
        rules: Rules = MappingProxyType({}),
    ) -> None:
        """Without `consent` no tool needs approval; `rules` are of the tools that have any."""
        self._schemas = schemas
        self._trails = trails
        self._ledger = ledger
        self._nothing = Toolset()
        self._consent = consent
        self._rules = rules
        self._executing = Executing(schemas, trails, self._count, consent)

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Refuse tools that may not be offered; read the history; put notes about loops into its results."""
        if call.is_for_tool:
            return self._executing.admit(call)
        request = call.clear
        if request is None or not (request.tools or request.calls or request.results):
            return None
        toolset = self._schemas.known(request.tools) if request.tools else self._nothing
        return self._read_all(call, request, toolset)

    async def _read_all(self, call: Call, request: Request, toolset: Toolset | None) -> None:
        toolset = toolset if toolset is not None else await self._schemas.of(request.tools)
        if request.tools:
            lists = (call.profile.version, call.key.tools, call.tenant.tools)
            if lists not in toolset.passed:
                _refuse_offered(call, request)
                toolset.pass_for(lists)
        watch = self._watch(call, toolset)
        if call.run is not None:
            fresh = call.kept["firewall_new"]
            call.kept["run_seen"] = await self._ledger.look(call.run.id, tenant=call.tenant.id, fresh=fresh)
        if request.calls or request.results:
            await self._read(call, watch)

    def _watch(self, call: Call, toolset: Toolset) -> _Watch:
        trail, new = self._trails.of(call.run.id if call.run is not None else None, call.profile.loops)
        watch: _Watch = _Watch(toolset, trail)
        call.kept["firewall"] = watch
        call.kept["firewall_new"] = new
        return watch

    async def _read(self, call: Call, watch: _Watch) -> None:
        request = call.clear
        assert request is not None  # noqa: S101 - admit looked
        expected = len(watch.trail.steps) if call.kept["firewall_new"] else 0
        new, closed = watch.trail.read(request.calls, request.results, request.texts)
        new += expected  # what the call was released that the run goes on from
        if call.run is not None:
            told = call.kept.setdefault("tools", [])
            told.extend(told_of(call_id, step.tool, step.key, "result") for call_id, step in closed[:_TOLD_MAX])
        if call.run is not None and new:
            account: RunSeen | None = call.kept["run_seen"]
            if call.kept["firewall_new"] and account is not None:
                # After a restart the trail is empty, but what was counted is in the book.
                new -= account.counts[_TOOL_CALLS]
            if new > 0:
                await self._count(call, new)
        changes: dict[int, str] = {}
        for result, note in watch.trail.notes(request.calls, request.results):
            if result.texts:
                last = result.texts[-1]
                changes[last] = f"{request.texts[last].value}\n\n{note}"
        if changes:
            call.clear = call.request = request.replace(changes)
            call.decide("firewall", "nudged", results=len(changes))

    async def _count(self, call: Call, number: int) -> None:
        entry = await self._ledger.count(call.run.id, "tool_calls", number, tenant=call.tenant.id)
        if not isinstance(entry, CountEntry):
            raise ending_of(entry)
        call.entries.append(entry)

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Let texts pass together where no call is held."""
        if call.ending is None and not call.is_for_tool and "firewall" not in call.kept and _only_texts(events):
            return events
        return super().inspect_batch(call, events)

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Hold proposed calls; at their choice's end release or refuse them."""
        if call.ending is not None:
            return ()  # refused: the rest is only read on for its usage
        if call.is_for_object:
            return (event,)  # what it proposes was released before, or is left out
        if call.is_for_tool:
            call.kept["tool_outcome"] = "".join(part.text for part in event.parts)
            return (event,)
        watch: _Watch | None = call.kept.get("firewall")
        proposes = event.behind or _calls(event)
        if not proposes and (watch is None or not event.ends or watch.held.keys().isdisjoint(event.ends)):
            return (event,)
        if watch is None:
            watch = self._watch(call, self._nothing)
        if event.whole:
            return self._whole(call, watch, event)
        rest: Event | None = event
        if proposes:
            rest, taken = call.dialect.split_calls(event)
            for choice, calls in taken.items():
                watch.held.setdefault(choice, Held()).take(calls)
        return self._ended(call, watch, event, rest)

    def _ended(self, call: Call, watch: _Watch, event: Event, rest: Event | None) -> Iterable[Event]:
        out: list[Event] = []
        for choice in event.ends:
            held = watch.held.pop(choice, None)
            if held is None or rest is None:
                continue
            refusal = self._check(call, watch, list(held.calls.values()))
            if refusal is None:
                self._edit(call, [*held.events, *held.late])
                out += held.released()
            elif _as_error(call):
                call.ending = refusal
                return ()
            else:
                *texts, rest = call.dialect.refuse_calls(rest, choice, _words(refusal))
                out += texts
        if rest is not None:
            out.append(rest)
        return out

    def _whole(self, call: Call, watch: _Watch, event: Event) -> Iterable[Event]:
        for choice, calls in of_whole(event).items():
            refusal = self._check(call, watch, calls)
            if refusal is None:
                self._edit(call, [event])
                continue
            if call.profile.ask_again and not call.asked_again:
                watch.released.clear()
                raise AskAgain(_said(event, choice, calls), _words(refusal))
            if _as_error(call):
                call.ending = refusal
                return ()
            (event,) = call.dialect.refuse_calls(event, choice, _words(refusal))
        return (event,)

    def _check(self, call: Call, watch: _Watch, calls: Sequence[Proposal]) -> Refusal | None:
        """Check the calls of a choice together; note what was decided of each."""
        forbids = None if call.run is None else call.run.forbids_tool
        finding = check(calls, watch.toolset, watch.trail, self._rules, forbids, released=len(watch.released))
        refusal, rule, decided = finding.refusal, finding.rule, finding.calls
        if refusal is None:
            refusal, rule = self._room(call, len(watch.released) + len(calls)), "tool_calls"
            if refusal is not None:
                decided = tuple(structs.replace(checked, decision="refused", rule=rule) for checked in decided)
            elif self._consent is not None:
                refusal, rule = self._consent.proposed(call, decided, watch.trail), "approval"
                if refusal is not None:
                    decided = tuple(structs.replace(checked, decision="refused", rule=rule) for checked in decided)
        told = call.kept.setdefault("tools", [])
        if refusal is None:
            told.extend([checked.told() for checked in decided])
            watch.released += decided
            return None
        told.extend([checked.told() for checked in decided[: max(0, _TOLD_MAX - len(told))]])
        why = {name: value for name in ("limit", "actual") if (value := getattr(refusal, name)) is not None}
        call.decide("firewall", "refused", rule=rule, **why)
        return refusal

    def _edit(self, call: Call, events: list[Event]) -> None:
        """Let the calls be released as approvers edited them."""
        edits = {} if self._consent is None else self._consent.edits(call)
        if edits:
            edit_calls(events, edits)

    def _room(self, call: Call, number: int) -> Refusal | None:
        """Say whether the run has no room for so many calls; what is released is counted when the call has ended."""
        account: RunSeen | None = call.kept.get("run_seen")
        short = None if account is None else account.refuse_count(_TOOL_CALLS, number)
        if short is None:
            return None
        ending = ending_of(short)
        return BudgetExceeded(ending.message, param=ending.param, limit=ending.limit, actual=ending.actual)

    def settle(self, call: Call) -> Awaitable[None] | None:
        """Count what is released, once and for all; if the run has no room any more, nothing is released."""
        if call.is_for_tool:
            self._executing.settle(call)
            if self._consent is not None and "pins_changed" in call.kept:
                self._consent.descriptions(call)
            return None
        watch: _Watch | None = call.kept.get("firewall")
        return None if watch is None or not watch.released else self._release(call, watch)

    async def _release(self, call: Call, watch: _Watch) -> None:
        try:
            if call.run is not None and call.ending is None:
                await self._count(call, len(watch.released))
            if self._consent is not None:
                self._consent.settle(call)
        except Ending as ending:
            call.ending = ending
        awaits = isinstance(call.ending, ApprovalRequired)
        if call.ending is not None:
            for told in call.kept["tools"]:
                if told["decision"] == "authorised":
                    told["decision"] = "awaiting" if awaits else "withheld"
        if call.ending is not None and not awaits:
            return
        earlier = call.clear.calls if call.clear is not None else ()
        call.kept["tool_ids"] = [checked.proposal.id for checked in watch.released]
        for checked in watch.released:
            watch.trail.propose(checked.proposal.id, checked.proposal.name, checked.key, earlier)


def _refuse_offered(call: Call, request: Request) -> None:
    refuse_hosted(request, call.profile)
    for tool in request.tools:
        shown = tool.name[:NAME_CHARS]
        # What a run or its plan leaves out may be offered (a framework offers what it has), but not called.
        forbids = call.key.forbids_tool(tool.name)
        if not forbids and not call.profile.allows_tool(tool.name):
            forbids = f"profile {call.profile.name}"
        if forbids:
            raise ToolNotAllowed(f"{forbids} does not allow the tool {shown}", param="tools")


def _calls(event: Event) -> bool:
    for part in event.parts:  # noqa: SIM110 - a loop takes half the time
        if part.kind == "arguments":
            return True
    return False


def _only_texts(events: list[Event]) -> bool:
    for event in events:  # noqa: SIM110 - as above
        if event.behind or _calls(event):
            return False
    return True


def _as_error(call: Call) -> bool:
    """Say whether no text may stand for the refused call: by policy, or as the client demanded a call or JSON."""
    request = call.clear
    return call.profile.on_tool_refusal == "error" or (
        request is not None and (request.forced_tool or request.strict_format)
    )


def _words(refusal: Refusal) -> str:
    return f"The gateway did not let this tool call pass: {refusal.message}. No tool of this message was called."


def _said(event: Event, choice: int, calls: Sequence[Proposal]) -> str:
    """Return a refused answer as text, for the model to see what it said."""
    text = "".join(part.text for part in event.parts if part.choice == choice and part.kind == "text")
    spelt = encode([{"tool": proposal.name, "arguments": proposal.clear} for proposal in calls]).decode()
    return f"{text}\n{spelt}" if text else spelt
