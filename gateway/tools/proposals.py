"""What an answer proposes to call, held choice by choice until the last call of the choice is complete."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec import Struct

from ..call import Event


class Proposal(Struct):
    """One proposed call; `clear` are its whole arguments with every value restored, for our own checks."""

    id: str
    name: str
    clear: str = ""


@dataclass(slots=True)
class Held:
    """The calls of one choice and the events that carry them; `late` are arguments that came before their opening."""

    events: list[Event] = field(default_factory=list)
    late: list[Event] = field(default_factory=list)
    calls: dict[str, Proposal] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Hold an event of this choice: of calls, or what comes after them in order."""
        early = False
        for part in event.parts:
            if part.kind != "arguments":
                continue
            known = self.calls.get(part.lane)
            if known is None:
                known = self.calls[part.lane] = Proposal("", "")
                early = early or (part.clear is not None and part.call_id is None)
            if part.clear is not None:
                known.clear = part.clear
            if part.call_id is not None or part.name is not None:
                known.id, known.name = part.call_id or "", part.name or ""
        (self.late if early else self.events).append(event)

    def released(self) -> Iterator[Event]:
        """Yield the events in an order in which a call is opened before its arguments come.

        They are terminal: held until the outcome, which says that they were authorised, is durable.
        """
        for event in (*self.events, *self.late):
            event.terminal = True
            yield event


def of_whole(event: Event) -> dict[int, list[Proposal]]:
    """Return the calls of a plain reply by choice."""
    found: dict[int, list[Proposal]] = {}
    for part in event.parts:
        if part.kind == "arguments":
            clear = part.text if part.clear is None else part.clear
            found.setdefault(part.choice, []).append(Proposal(part.call_id or "", part.name or "", clear))
    return found
