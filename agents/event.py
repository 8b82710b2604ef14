"""One thing that happened in a run. The list of them is the run's record, its checkpoint and its stream at once.

    opened    task, budget, the gateway's run            asked / answered / refused   a step: its intent, its end
    called / returned   a tool call: intent, result      waiting / decided            a person is asked, has answered
    child     a child run was opened                     once      something outside was asked: its answer
    resumed   another process goes on                    diverged / degraded   it asks otherwise / something stood in
    ended     status, stop, output; always the last, until a run that waits is resumed
Everything else is a note that the pattern yielded: thought, plan, found, reflection, vote, answer …
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STEPS = frozenset(
    (
        *("opened", "asked", "answered", "refused", "called", "returned", "waiting", "decided", "child", "once"),
        *("resumed", "diverged", "degraded", "ended"),
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """`seq` counts from 1 in its run, without gaps; `at_us` is UTC; `body` is JSON."""

    run: str
    seq: int
    at_us: int
    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """What a pattern yields: something to tell that is no step. Kinds of steps are not its to use."""

    kind: str
    text: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind in STEPS:
            raise ValueError(f"{self.kind!r} is the runner's word; call the note something else")

    def body(self) -> dict[str, Any]:
        """Return it as an event's body."""
        return {"text": self.text, **self.more} if self.text or not self.more else dict(self.more)


def thought(text: str) -> Note:
    """Tell what the model thinks before it acts."""
    return Note("thought", text)


def found(text: str) -> Note:
    """Tell the best there is so far: what a run that is stopped now hands back as `partial`."""
    return Note("found", text)


def answer(text: str) -> Note:
    """Tell the answer; the last one is the run's output."""
    return Note("answer", text)
