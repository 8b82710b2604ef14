"""What must not leave is replaced before it does, and comes back as itself on the way up.

Texts flow through one lane each, held back only where a value may be open. The arguments of a tool call are held until
they are whole, because a value goes back into JSON string by string; Firewall gets them clear, the client as released.
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from ..call import Call, Event, Part, Request, Text
from ..errors import ContentBlocked, RequestRejected
from ..guards import Finding, Hit, Policy, Redactor, Vault, redact_cargo
from ..guards.arguments import restore_arguments
from ..guards.stream import Lane, is_plain
from ..papers import Profile
from ..plugins import Plugins
from ..policies import Policies, ToolPolicy
from ..stage import CallStage
from ..traces import Traces
from ..vaults import Vaults
from .screen import Screen
from .tool_cargo import redacted, released_request, released_result

_ARGUMENTS_CHARS_MAX = 1 << 20
_NOTHING: Mapping[int, Sequence[Hit]] = MappingProxyType({})
# Steps of a place that an API names; all others are a client's own words, which may be anybody's name.
_STEPS = frozenset(
    (
        *("", "messages", "content", "text", "refusal", "name", "reasoning_content", "tool_calls", "function"),
        *("arguments", "custom", "input", "function_call", "tools", "functions", "description", "parameters"),
        *("properties", "items", "metadata", "user", "response_format", "json_schema", "schema", "image_url", "url"),
        *("system", "instructions", "input_schema", "output", "stop", "safety_identifier"),
    )
)


class _Guarding:
    """What Guard keeps of one call."""

    __slots__ = ("arguments", "arguments_chars", "lanes", "policy", "said", "unscanned", "vault")

    def __init__(self, policy: Policy, vault: Vault) -> None:
        self.policy = policy
        self.vault = vault
        self.lanes: dict[str, tuple[int, str, Lane]] = {}
        self.arguments: dict[str, tuple[int, str | None, list[str]]] = {}
        self.arguments_chars = 0
        self.said: dict[str, list[str]] = {}  # what was released, by lane, where a dialect says it all again
        self.unscanned = False


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
        kept: _Guarding | None = call.kept.get("guard")
        vault = kept.vault if kept is not None else self._vaults.of(call.kept.get("whose") or call.run)
        call.kept["guard"] = _Guarding(policy, vault)
        call.findings = {}
        if clear.executes is not None:
            call.request, findings = released_request(
                call, clear, clear.executes, redactor=self._redactor, policy=policy, vault=vault
            )
            self._note(call, findings)
            return None
        self._screen.request(call, clear)
        if call.profile.guarding.plugins:
            return self._told(call, clear, policy, vault)
        self._redact(call, clear, policy, vault)
        return None

    async def _told(self, call: Call, clear: Request, policy: Policy, vault: Vault) -> None:
        self._redact(call, clear, policy, vault, await self._plugins.told(call, clear))

    def _redact(
        self, call: Call, clear: Request, policy: Policy, vault: Vault, told: Mapping[int, Sequence[Hit]] = _NOTHING
    ) -> None:
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
            place = _nameless(blocked.place)
            call.decide("guard", "blocked", rule=blocked.rule, kind=blocked.kind, place=place)
            where = f" at {place}" if place else ""
            raise ContentBlocked(
                f"the {blocked.direction} holds a value of kind {blocked.kind}{where}, which profile "
                f"{call.profile.name} does not let pass; remove it",
                param=place or None,
            )

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Scan and restore the parts of an event; where a lane ends, let go of what was held for it."""
        kept: _Guarding = call.kept["guard"]
        again = False
        for part in event.parts:
            if part.kind == "reasoning":
                self._pass(call, kept)
            elif part.kind == "result":
                part.text, findings = released_result(
                    call, part.text, redactor=self._redactor, policy=kept.policy, vault=kept.vault
                )
                self._note(call, findings)
            elif part.repeats:
                again = True
            elif part.kind == "arguments":
                self._hold(call, kept, part, whole=event.whole)
            else:
                self._flow(call, kept, event, part)
        if event.whole or not (event.ends or event.closes or again):
            if again:
                self._repeat(call, kept, event)
            self._screen.reply(call, event)
            return (event,)
        pieces = list(self._flushed(call, kept, event))
        if again:
            self._repeat(call, kept, event)
        for each in (*pieces, event):
            self._screen.reply(call, each)
        return (*pieces, event)

    def inspect_batch(self, call: Call, events: list[Event]) -> list[Event]:
        """Inspect pieces of one text that arrived together as one text; each alone would cost several times more."""
        if len(events) == 1:
            return list(self.inspect(call, events[0]))
        out: list[Event] = []
        for _, group in groupby(events, _lane_alone):
            run = list(group)
            if len(run) > 1 and _lane_alone(run[0]) is not None:
                self._flow_run(call, call.kept["guard"], run)
                out += run
            else:
                for event in run:
                    out += self.inspect(call, event)
        return out

    def _flow_run(self, call: Call, kept: _Guarding, run: list[Event]) -> None:
        """Let each event keep its own as far as it is let go; what was changed goes out with the first."""
        part = run[0].parts[0]
        _, _, lane = kept.lanes.get(part.lane) or (0, "", None)
        if lane is None:
            lane = self._lane(call, kept)
            kept.lanes[part.lane] = (part.choice, part.kind, lane)
        held = lane.held
        came = [event.parts[0].text for event in run]
        released = lane.feed("".join(came))
        came[0] = held + came[0]
        for event, text in zip(run, _dealt(came, released), strict=True):
            if text != event.parts[0].text:
                event.parts[0].text = text
                event.silent = not text
            self._screen.reply(call, event)
        if released and call.dialect.repeats:
            kept.said.setdefault(part.lane, []).append(released)
        self._take_findings(call, lane)

    @staticmethod
    def _pass(call: Call, kept: _Guarding) -> None:
        if not kept.unscanned:
            kept.unscanned = True
            call.decide("guard", "unscanned", place="reply")

    def _repeat(self, call: Call, kept: _Guarding, event: Event) -> None:
        """Write what a lane released where it stands once more; what was never streamed is scanned here."""
        for part in event.parts:
            if not part.repeats or part.kind == "reasoning":
                continue
            said = kept.said.get(part.lane)
            if said is None and part.kind == "arguments":
                part.clear, text = self._arguments(call, kept, part.text or call.dialect.no_arguments, part.name)
                kept.said[part.lane] = [text]
            elif said is None:
                text = self._passed(call, kept, part.text)
                kept.said[part.lane] = [text]
            else:
                text = "".join(said)
            if text != part.text:
                part.text = text

    def settle(self, call: Call) -> None:
        """Leave the words in which a provider refused the request out if they hold what may not leave in a request."""
        ending, kept = call.ending, call.kept.get("guard")
        if isinstance(ending, RequestRejected) and kept is not None:
            said = [Text(("error",), text, "user") for text in (ending.message, *ending.told.values())]
            _, findings = redact_cargo(self._redactor, said, kept.policy, Vault(), {})
            if findings:
                ending.message = f"the provider refused the request with status {ending.status}; its words are left out"
                ending.told = {}

    def _passed(self, call: Call, kept: _Guarding, text: str) -> str:
        lane = self._lane(call, kept)
        passed = lane.feed(text) + lane.flush()
        self._take_findings(call, lane)
        return passed

    def _lane(self, call: Call, kept: _Guarding) -> Lane:
        return Lane(self._redactor, kept.policy, kept.vault, hosts=call.profile.allow_restore_hosts)

    def _flow(self, call: Call, kept: _Guarding, event: Event, part: Part) -> None:
        whole = event.whole
        if whole and is_plain(self._redactor, part.text, kept.policy, kept.vault):
            return
        _, _, lane = kept.lanes.get(part.lane) or (0, "", None)
        if lane is None:
            lane = self._lane(call, kept)
            kept.lanes[part.lane] = (part.choice, part.kind, lane)
        text = part.text
        released = lane.feed(text) + lane.flush() if whole else lane.feed(text)
        if released != text:
            part.text = released
            if not released and part.alone and len(event.parts) == 1:
                event.silent = not event.terminal  # nothing is left of it: the client need not see that
        if released and call.dialect.repeats and not whole:
            kept.said.setdefault(part.lane, []).append(released)
        self._take_findings(call, lane)

    def _take_findings(self, call: Call, lane: Lane) -> None:
        if lane.findings:
            findings, lane.findings = lane.findings, []
            self._note(call, findings)

    def _hold(self, call: Call, kept: _Guarding, part: Part, *, whole: bool) -> None:
        if whole:
            part.clear, part.text = self._arguments(call, kept, part.text, part.name)
            return
        choice, name, pieces = kept.arguments.get(part.lane) or (part.choice, None, [])
        kept.arguments[part.lane] = (choice, name or part.name, pieces)
        pieces.append(part.text)
        kept.arguments_chars += len(part.text)
        if kept.arguments_chars > _ARGUMENTS_CHARS_MAX:
            raise ContentBlocked(
                f"an answer's tool calls have more than {_ARGUMENTS_CHARS_MAX} characters of arguments"
            )
        if part.text:
            part.text = ""

    def _arguments(self, call: Call, kept: _Guarding, text: str, tool: str | None) -> tuple[str, str]:
        """Return the arguments clear, and as they are released."""
        policy = self._tool(call, tool or "")
        forms = restore_arguments(
            text,
            kept.vault,
            mode=policy.restore,
            names=policy.named,
            destinations=policy.destinations,
            hosts=call.profile.allow_restore_hosts,
        )
        released, findings = redacted(self._redactor, forms.released, policy.kinds, kept.vault, "tool_arguments")
        self._note(call, findings)
        return forms.clear, released

    def _flushed(self, call: Call, kept: _Guarding, event: Event) -> Iterable[Event]:
        """Return events with what the ending lanes still hold; a lane that the event carries takes it."""
        carried = {part.lane: part for part in event.parts if not part.repeats}
        for name, (choice, kind, lane) in list(kept.lanes.items()):
            if choice in event.ends or name in event.closes:
                del kept.lanes[name]
                rest = lane.flush()
                self._take_findings(call, lane)
                if rest and call.dialect.repeats:
                    kept.said.setdefault(name, []).append(rest)
                if rest and name in carried:
                    carried[name].text += rest
                elif rest:
                    yield call.dialect.piece(event, kind=kind, choice=choice, lane=name, text=rest)
        for name, (choice, tool, pieces) in list(kept.arguments.items()):
            if choice in event.ends or name in event.closes:
                del kept.arguments[name]
                clear, released = self._arguments(call, kept, "".join(pieces) or call.dialect.no_arguments, tool)
                if call.dialect.repeats:
                    kept.said[name] = [released]
                piece = call.dialect.piece(event, kind="arguments", choice=choice, lane=name, text=released)
                piece.parts[0].clear = clear
                yield piece


def _lane_alone(event: Event) -> str | None:
    """Return the lane of an event that is a piece of one text and nothing else; None for all others."""
    if len(event.parts) != 1 or event.ends or event.whole or event.closes or event.terminal or event.behind:
        return None
    part = event.parts[0]
    return part.lane if part.alone and part.kind in {"text", "refusal"} and not part.repeats else None


def _dealt(came: list[str], released: str) -> list[str]:
    """Deal what a run released out to its events: each its own as far as it goes; if changed, all to the first."""
    if not "".join(came).startswith(released):
        return [released, *[""] * (len(came) - 1)]
    dealt = []
    left = len(released)
    for text in came:
        dealt.append(text[:left])
        left = max(0, left - len(text))
    return dealt


def _whose(call: Call) -> tuple[Profile, str, str, str]:
    return call.profile, call.tenant.id, call.key.id, call.model.name if call.model is not None else ""


def _nameless(place: str) -> str:
    return "/".join(step if step in _STEPS or step.isdecimal() else "*" for step in place.split("/"))
