"""What must not leave is replaced before it does, and comes back as itself on the way up.

The rules are in `gateway.guards`; this stage knows whose policy applies, whose vault, and what becomes of a finding.
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from ..call import Call, Event, Part, Request, Text, ToolCall
from ..errors import ContentBlocked, RequestRejected
from ..guards import Finding, Hit, Policy, Redactor, Vault, redact_cargo
from ..guards.findings import nameless
from ..guards.json_text import asked
from ..guards.reply import ArgumentsTooLong, GuardedReply
from ..papers import Profile
from ..plugins import Plugins
from ..policies import Policies, ToolPolicy
from ..second_look import SecondLook
from ..stage import CallStage
from ..traces import Traces
from ..vaults import Vaults
from .formats import Streamed
from .screen import Screen
from .tool_cargo import released_request, released_result

Told = Mapping[int, Sequence[Sequence[Hit]]]
_NOTHING: Told = MappingProxyType({})


class Guard(CallStage):
    """Applies the profile's policy in both directions."""

    def __init__(
        self, redactor: Redactor, vaults: Vaults, policies: Policies, screen: Screen, traces: Traces | None = None
    ) -> None:
        self._redactor = redactor
        self._vaults = vaults
        self._policies_of = policies
        self._screen = screen
        self._plugins = Plugins()  # processes that end when this one does
        self._traces = traces

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Replace what was found in the clear request; refuse what the policy blocks."""
        clear = call.clear
        assert clear is not None  # noqa: S101 - Read set it
        policy = self._policies_of.of(*_whose(call))
        kept: GuardedReply | None = call.kept.get("guard")
        vault = kept.vault if kept is not None else self._vaults.of(call.kept.get("whose") or call.run)
        hosts, terms = call.profile.allow_restore_hosts, partial(self._tool, call)
        guarded = GuardedReply(self._redactor, policy, vault, call.dialect, hosts=hosts, terms=terms)
        call.kept["guard"] = guarded
        call.findings = {}
        plugins = call.profile.guarding.plugins
        if plugins and any("reply" in each.where for each in plugins):
            call.look = SecondLook(call, self._plugins, self._redactor, guarded).at
        if clear.executes is not None:
            if plugins:
                return self._told_tool(call, clear, clear.executes, vault)
            self._release(call, clear, clear.executes, vault)
            return None
        self._screen.request(call, clear)
        call.kept["formed"] = self._screen.formats.streamed(call, clear)
        if plugins:
            return self._told(call, clear, policy, vault)
        self._redact(call, clear, policy, vault)
        return None

    def _release(
        self, call: Call, clear: Request, executes: ToolCall, vault: Vault, told: Sequence[Sequence[Hit]] = ()
    ) -> None:
        """Make ready what a tool is called with."""
        terms = self._tool(call, executes.name)
        call.request, findings = released_request(
            call, clear, executes, redactor=self._redactor, terms=terms, vault=vault, told=told
        )
        self._note(call, findings)

    async def _told_tool(self, call: Call, clear: Request, executes: ToolCall, vault: Vault) -> None:
        told = await self._plugins.ask(call, asked(executes.arguments, "tool_arguments"), "request")
        self._release(call, clear, executes, vault, told)

    async def _told(self, call: Call, clear: Request, policy: Policy, vault: Vault) -> None:
        self._redact(call, clear, policy, vault, await self._plugins.told(call, clear))

    def _redact(self, call: Call, clear: Request, policy: Policy, vault: Vault, told: Told = _NOTHING) -> None:
        """Replace what was found by ourselves and by plug-ins (`told`); note it."""
        of_tools = self._of_tools(call, clear)
        changes, findings = redact_cargo(self._redactor, clear.texts, policy, vault, of_tools, told=told)
        if clear.opaque_bytes and not call.asked_again:
            call.decide("guard", "unscanned", place="request", bytes=clear.opaque_bytes)
        self._note(call, findings)
        call.request = self._screen.marked(call, clear.replace(changes) if changes else clear)
        run = call.kept.get("whose") or call.run
        if run is not None:
            call.statements += self._vaults.keep(run, vault)

    def _tool(self, call: Call, name: str) -> ToolPolicy:
        return self._policies_of.of_tool(*_whose(call), tool=name)

    def _of_tools(self, call: Call, clear: Request) -> dict[int, Policy]:
        """Return the policies of texts that are a tool's own, by index; none unless the profile has rules for tools."""
        if not (clear.results or clear.calls) or not any(rule.tools for rule in call.profile.guarding.rules):
            return {}
        names = {each.id: each.name for each in clear.calls}
        return {
            index: self._tool(call, names[result.call_id]).kinds
            for result in clear.results
            if result.call_id in names
            for index in result.texts
        }

    def _note(self, call: Call, findings: Iterable[Finding]) -> None:
        blocked = None
        for finding in findings:
            name = f"{finding.kind}.{finding.direction}.{finding.action}"
            call.findings[name] = call.findings.get(name, 0) + 1
            if self._traces is not None:
                self._traces.found(call, finding)
            if finding.action == "block":
                blocked = finding
            if finding.rule == "secret.canary":
                call.decide("guard", "canary_leaked", place=finding.direction)
        if blocked is not None:
            place = nameless(blocked.place)
            call.decide("guard", "blocked", rule=blocked.rule, kind=blocked.kind, place=place)
            where = f" at {place}" if place else ""
            raise ContentBlocked(
                f"the {blocked.direction} holds a value of kind {blocked.kind}{where}, which profile "
                f"{call.profile.name} does not let pass; remove it",
                param=place or None,
            )

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Scan and restore the parts of an event; where a lane ends, let go of what was held for it."""
        return self.inspect_batch(call, [event])

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Inspect pieces of one text that arrived together as one text; each alone would cost several times more."""
        kept: GuardedReply = call.kept["guard"]
        for event in events:
            for part in event.parts:
                if part.kind == "result":
                    self._result(call, kept, part)
        try:
            out = kept.passed_together(events)
        except ArgumentsTooLong as long:
            raise ContentBlocked(str(long)) from None
        if kept.unread:
            kept.unread = False
            call.decide("guard", "unscanned", place="reply")
        if kept.findings:
            self._note(call, kept.take_findings())
        for event in out:
            self._screen.reply(call, event)
        formed: Streamed | None = call.kept.get("formed")
        return out if formed is None else formed.passed(out)

    def _result(self, call: Call, kept: GuardedReply, part: Part) -> None:
        """Scan what a tool that was called by itself gave back."""
        part.text, findings = released_result(
            call, part.text, redactor=self._redactor, policy=kept.policy, vault=kept.vault
        )
        self._note(call, findings)

    def settle(self, call: Call) -> None:
        """Leave the words in which a provider refused the request out if they hold what may not leave in a request."""
        ending, kept = call.ending, call.kept.get("guard")
        if isinstance(ending, RequestRejected) and kept is not None:
            said = [Text(("error",), text, "user") for text in (ending.message, *ending.told.values())]
            _, findings = redact_cargo(self._redactor, said, kept.policy, Vault(), {})
            if findings:
                ending.message = f"the provider refused the request with status {ending.status}; its words are left out"
                ending.told = {}


def _whose(call: Call) -> tuple[Profile, str, str, str]:
    return call.profile, call.tenant.id, call.key.id, call.model.name if call.model is not None else ""
