"""One reply on its way to the client: each text through a lane of its own, arguments held until they are whole.

    event ──▶ text: fed to its lane, released as far as no value can be open     ──▶ event, changed in place
              arguments: held (a value goes back into JSON string by string)     ──▶ a piece of their own at their end
              said again: written as it was released the first time              ──▶ event

Firewall gets arguments clear, the client as released. What was found gathers in `findings` for whoever asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Protocol

from ..call import Event, Part
from .arguments import RestoreMode, remembered, restore_arguments
from .findings import Finding
from .json_text import redacted
from .policy import Policy
from .redact import Redactor
from .stream import Lane, is_plain
from .vault import Vault

ARGUMENTS_CHARS_MAX = 1 << 20


class ArgumentsTooLong(Exception):
    """An answer's tool calls have more characters of arguments than are held."""


class Wording(Protocol):
    """What is asked of a dialect: how it says a piece of its own, and whether it says everything twice."""

    @property
    def repeats(self) -> bool:
        """Whether what was streamed stands once more in later events."""
        ...

    @property
    def no_arguments(self) -> str:
        """What the arguments of a call without any are."""
        ...

    def piece(self, like: Event, *, kind: str, choice: int, lane: str, text: str) -> Event:
        """Return an event like another that carries this text."""
        ...


class ToolTerms(Protocol):
    """How one tool's arguments are treated."""

    @property
    def kinds(self) -> Policy:
        """The policy."""
        ...

    @property
    def restore(self) -> RestoreMode:
        """Which strings get their values back."""
        ...

    @property
    def named(self) -> frozenset[str]:
        """Fields that are named."""
        ...

    @property
    def destinations(self) -> frozenset[str]:
        """Fields that stay closed unless they are named."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether the tool keeps what it is given."""
        ...


class GuardedReply:
    """What is kept of one reply while it passes. `terms` tells a tool's, by its name; `hosts` may carry values."""

    __slots__ = (
        *("_arguments", "_held_chars", "_hosts", "_lanes", "_redactor", "_said", "_told"),
        *("_wording", "findings", "policy", "terms", "unread", "vault"),
    )

    def __init__(
        self,
        redactor: Redactor,
        policy: Policy,
        vault: Vault,
        wording: Wording,
        *,
        hosts: frozenset[str],
        terms: Callable[[str], ToolTerms],
    ) -> None:
        self.policy = policy
        self.vault = vault
        self.findings: list[Finding] = []
        self.unread = False  # something passed just now that nobody can read, for the first time
        self._told = False
        self._redactor = redactor
        self._wording = wording
        self._hosts = hosts
        self.terms = terms
        self._lanes: dict[str, tuple[int, str, Lane]] = {}
        self._arguments: dict[str, tuple[int, str | None, list[str]]] = {}
        self._held_chars = 0
        self._said: dict[str, list[str]] = {}  # what was released, by lane, where a dialect says it all again

    def take_findings(self) -> list[Finding]:
        """Return what was found since this was last asked."""
        findings, self.findings = self.findings, []
        return findings

    def passed(self, event: Event) -> tuple[Event, ...]:
        """Return what goes on for an event: what ended lanes still held, then itself."""
        again = False
        for part in event.parts:
            if part.kind == "reasoning":
                self.unread = self.unread or not self._told
                self._told = True
            elif part.kind == "result":
                continue
            elif part.repeats:
                again = True
            elif part.kind == "arguments":
                self._hold(part, whole=event.whole)
            else:
                self._flow(event, part)
        pieces = () if event.whole or not (event.ends or event.closes or again) else tuple(self._flushed(event))
        if again:
            self._repeat(event)
        return (*pieces, event)

    def passed_together(self, events: list[Event]) -> list[Event]:
        """Return what goes on for events that arrived together; pieces of one text are scanned as one text."""
        out: list[Event] = []
        for lane, group in groupby(events, lane_alone):
            run = list(group)
            if len(run) > 1 and lane is not None:
                self._flow_run(lane, run)
                out += run
            else:
                for event in run:
                    out += self.passed(event)
        return out

    def _flow_run(self, name: str, run: list[Event]) -> None:
        """Let each event keep its own as far as it is let go; what was changed goes out with the first."""
        lane = self._lane_of(run[0].parts[0])
        held = lane.held
        came = [event.parts[0].text for event in run]
        released = self._fed(lane, "".join(came))
        came[0] = held + came[0]
        for event, text in zip(run, dealt(came, released), strict=True):
            if text != event.parts[0].text:
                event.parts[0].text = text
                event.silent = not text
        if released and self._wording.repeats:
            self._said.setdefault(name, []).append(released)

    def _flow(self, event: Event, part: Part) -> None:
        text, whole = part.text, event.whole
        if whole and is_plain(self._redactor, text, self.policy, self.vault):
            return
        released = self._fed(self._lane_of(part), text, ends=whole)
        if released != text:
            part.text = released
            if not released and part.alone and len(event.parts) == 1:
                event.silent = not event.terminal  # nothing is left of it: the client need not see that
        if released and self._wording.repeats and not whole:
            self._said.setdefault(part.lane, []).append(released)

    def _lane_of(self, part: Part) -> Lane:
        known = self._lanes.get(part.lane)
        if known is not None:
            return known[2]
        lane = self._lane()
        self._lanes[part.lane] = (part.choice, part.kind, lane)
        return lane

    def _lane(self) -> Lane:
        return Lane(self._redactor, self.policy, self.vault, hosts=self._hosts)

    def _fed(self, lane: Lane, text: str, *, ends: bool = False) -> str:
        released = lane.feed(text)
        if ends:
            released += lane.flush()
        if lane.findings:
            self.findings += lane.findings
            lane.findings = []
        return released

    def _repeat(self, event: Event) -> None:
        """Write what a lane released where it stands once more; what was never streamed is scanned here."""
        for part in event.parts:
            if not part.repeats or part.kind == "reasoning":
                continue
            said = self._said.get(part.lane)
            if said is not None:
                text = "".join(said)
            elif part.kind == "arguments":
                part.clear, text = self._both(part.text or self._wording.no_arguments, part.name)
            else:
                text = self._fed(self._lane(), part.text, ends=True)
            self._said[part.lane] = [text]
            if text != part.text:
                part.text = text

    def _hold(self, part: Part, *, whole: bool) -> None:
        if whole:
            part.clear, part.text = self._both(part.text, part.name)
            return
        choice, name, pieces = self._arguments.get(part.lane) or (part.choice, None, [])
        self._arguments[part.lane] = (choice, name or part.name, pieces)
        pieces.append(part.text)
        self._held_chars += len(part.text)
        if self._held_chars > ARGUMENTS_CHARS_MAX:
            raise ArgumentsTooLong(
                f"an answer's tool calls have more than {ARGUMENTS_CHARS_MAX} characters of arguments"
            )
        if part.text:
            part.text = ""

    def _both(self, text: str, tool: str | None) -> tuple[str, str]:
        """Return the arguments clear, and as they are released."""
        terms = self.terms(tool or "")
        if terms.remembers:
            forms, findings = remembered(self._redactor, text, terms.kinds, self.vault)
            self.findings += findings
            return forms.clear, forms.released
        forms = restore_arguments(
            text,
            self.vault,
            mode=terms.restore,
            names=terms.named,
            destinations=terms.destinations,
            hosts=self._hosts,
        )
        released, findings = redacted(self._redactor, forms.released, terms.kinds, self.vault, "tool_arguments")
        self.findings += findings
        return forms.clear, released

    def _flushed(self, event: Event) -> Iterator[Event]:
        """Yield events with what the ending lanes still hold; a lane that the event carries takes it."""
        wording = self._wording
        carried = {part.lane: part for part in event.parts if not part.repeats}
        for name, (choice, kind, lane) in list(self._lanes.items()):
            if choice in event.ends or name in event.closes:
                del self._lanes[name]
                rest = self._fed(lane, "", ends=True)
                if rest and wording.repeats:
                    self._said.setdefault(name, []).append(rest)
                if rest and name in carried:
                    carried[name].text += rest
                elif rest:
                    yield wording.piece(event, kind=kind, choice=choice, lane=name, text=rest)
        for name, (choice, tool, pieces) in list(self._arguments.items()):
            if choice in event.ends or name in event.closes:
                del self._arguments[name]
                clear, released = self._both("".join(pieces) or wording.no_arguments, tool)
                if wording.repeats:
                    self._said[name] = [released]
                piece = wording.piece(event, kind="arguments", choice=choice, lane=name, text=released)
                piece.parts[0].clear = clear
                yield piece


def lane_alone(event: Event) -> str | None:
    """Return the lane of an event that is a piece of one text and nothing else; None for all others."""
    if len(event.parts) != 1 or event.ends or event.whole or event.closes or event.terminal or event.behind:
        return None
    part = event.parts[0]
    return part.lane if part.alone and part.kind in {"text", "refusal"} and not part.repeats else None


def dealt(came: list[str], released: str) -> list[str]:
    """Deal what a run released out to its events: each its own as far as it goes; if changed, all to the first."""
    if not "".join(came).startswith(released):
        return [released, *[""] * (len(came) - 1)]
    shares = []
    left = len(released)
    for text in came:
        shares.append(text[:left])
        left = max(0, left - len(text))
    return shares
