"""What must not leave is replaced before it does, and comes back as itself on the way up.

Texts flow through one lane each, held back only where a value may be open. The arguments of a tool call are held until
they are whole, because a value goes back into JSON string by string; Firewall gets them clear, the client as released.
"""

from collections.abc import Iterable

import orjson

from ..call import Call, Event, Part, Reply, Text
from ..errors import ContentBlocked
from ..guards import Direction, Finding, Policy, Redactor, Vault
from ..guards.arguments import restore_arguments
from ..guards.stream import Lane
from ..papers import Profile
from ..stage import CallStage
from ..vaults import Vaults

_ARGUMENTS_CHARS_MAX = 1 << 20


class _Guarding:
    """What Guard keeps of one call."""

    __slots__ = ("arguments", "lanes", "policy", "vault")

    def __init__(self, policy: Policy, vault: Vault) -> None:
        self.policy = policy
        self.vault = vault
        self.lanes: dict[str, tuple[int, str, Lane]] = {}
        self.arguments: dict[str, tuple[int, list[str]]] = {}


class Guard(CallStage):
    """Applies the profile's policy in both directions."""

    def __init__(self, redactor: Redactor, vaults: Vaults) -> None:
        self._redactor = redactor
        self._vaults = vaults
        self._policies: dict[str, Policy] = {}

    async def admit(self, call: Call) -> Reply | None:
        """Replace what was found in the clear request; refuse what the policy blocks."""
        clear = call.clear
        assert clear is not None  # noqa: S101 - Read set it
        policy = self._policy(call.profile)
        kept: _Guarding | None = call.kept.get("guard")
        vault = kept.vault if kept is not None else self._vaults.of(call.run)
        call.kept["guard"] = _Guarding(policy, vault)
        changes: dict[int, str] = {}
        findings: list[Finding] = []
        for index in self._redactor.scan_many([text.value for text in clear.texts]):
            text = clear.texts[index]
            replaced, found = self._redact(text, policy, vault)
            findings += found
            if replaced != text.value:
                changes[index] = replaced
        call.findings = {}
        self._note(call, findings)
        call.request = clear.replace(changes) if changes else clear
        return None

    def _policy(self, profile: Profile) -> Policy:
        policy = self._policies.get(profile.version)
        if policy is None:
            policy = self._policies[profile.version] = Policy(profile.guards)  # type: ignore[arg-type]
        return policy

    def _redact(self, text: Text, policy: Policy, vault: Vault) -> tuple[str, list[Finding]]:
        direction: Direction = "tool_result" if text.role == "tool" else "request"
        place = "/" + "/".join(map(str, text.path))
        if text.role != "arguments":
            return self._redactor.redact(text.value, policy, vault, direction, place)
        try:
            tree = orjson.loads(text.value)
        except orjson.JSONDecodeError:
            return self._redactor.redact(text.value, policy, vault, direction, place)
        findings: list[Finding] = []

        def walk(node: object) -> object:
            if type(node) is str:
                replaced, found = self._redactor.redact(node, policy, vault, direction, place)
                findings.extend(found)
                return replaced
            if type(node) is dict:
                return {name: walk(value) for name, value in node.items()}
            if type(node) is list:
                return [walk(value) for value in node]
            return node

        changed = walk(tree)
        return (orjson.dumps(changed).decode() if findings else text.value), findings

    def _note(self, call: Call, findings: Iterable[Finding]) -> None:
        blocked = None
        for finding in findings:
            name = f"{finding.kind}.{finding.direction}.{finding.action}"
            call.findings[name] = call.findings.get(name, 0) + 1
            if finding.action == "block":
                blocked = finding
        if blocked is not None:
            call.decide("guard", "blocked", rule=blocked.rule, kind=blocked.kind, place=blocked.place)
            where = f" at {blocked.place}" if blocked.place else ""
            raise ContentBlocked(
                f"the {blocked.direction} holds a value of kind {blocked.kind}{where}, which profile "
                f"{call.profile.name} does not let pass; remove it",
                param=blocked.place or None,
            )

    def inspect(self, call: Call, event: Event) -> Iterable[Event]:
        """Scan and restore the parts of an event; at a choice's end, let go of what was held for it."""
        kept: _Guarding = call.kept["guard"]
        for part in event.parts:
            if part.kind == "arguments":
                self._hold(call, kept, part, whole=event.whole)
            elif part.kind != "reasoning":
                self._flow(call, kept, event, part)
        if not event.ends or event.whole:
            return (event,)
        return (*self._flushed(call, kept, event), event)

    def _flow(self, call: Call, kept: _Guarding, event: Event, part: Part) -> None:
        whole = event.whole
        _, _, lane = kept.lanes.get(part.lane) or (0, "", None)
        if lane is None:
            hosts = call.profile.allow_restore_hosts
            lane = Lane(self._redactor, kept.policy, kept.vault, hosts=hosts)
            kept.lanes[part.lane] = (part.choice, part.kind, lane)
        text = part.text
        released = lane.feed(text) + lane.flush() if whole else lane.feed(text)
        if released != text:
            part.text = released
            if not released and not whole and len(event.parts) == len(part.holder) == 1:
                event.silent = not event.terminal  # nothing is left of it: the client need not see that
        self._take_findings(call, lane)

    def _take_findings(self, call: Call, lane: Lane) -> None:
        if lane.findings:
            findings, lane.findings = lane.findings, []
            self._note(call, findings)

    def _hold(self, call: Call, kept: _Guarding, part: Part, *, whole: bool) -> None:
        if whole:
            part.clear, part.text = self._arguments(call, kept, part.text)
            return
        _, pieces = kept.arguments.setdefault(part.lane, (part.choice, []))
        pieces.append(part.text)
        if sum(map(len, pieces)) > _ARGUMENTS_CHARS_MAX:
            raise ContentBlocked(f"a tool call's arguments are longer than {_ARGUMENTS_CHARS_MAX} characters")
        if part.text:
            part.text = ""

    def _arguments(self, call: Call, kept: _Guarding, text: str) -> tuple[str, str]:
        """Return the arguments clear, and as they are released."""
        forms = restore_arguments(text, kept.vault, mode=call.profile.restore_arguments)
        released, findings = self._redactor.redact(forms.released, kept.policy, kept.vault, "tool_arguments")
        self._note(call, findings)
        return forms.clear, released

    def _flushed(self, call: Call, kept: _Guarding, event: Event) -> Iterable[Event]:
        """Return events with what the ending choices' lanes still hold; a lane that the event carries takes it."""
        carried = {part.lane: part for part in event.parts}
        for name, (choice, kind, lane) in list(kept.lanes.items()):
            if choice in event.ends:
                del kept.lanes[name]
                rest = lane.flush()
                self._take_findings(call, lane)
                if rest and name in carried:
                    carried[name].text += rest
                elif rest:
                    yield call.dialect.piece(event, kind=kind, choice=choice, lane=name, text=rest)
        for name, (choice, pieces) in list(kept.arguments.items()):
            if choice in event.ends:
                del kept.arguments[name]
                clear, released = self._arguments(call, kept, "".join(pieces))
                piece = call.dialect.piece(event, kind="arguments", choice=choice, lane=name, text=released)
                piece.parts[0].clear = clear
                yield piece
