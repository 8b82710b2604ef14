"""Votes as pure rules: who was asked, what they said, who wins. Crashed and late members are absent, never guessed.

    majority  more than half of all members that were asked (absent ones count as asked)
    quorum    at least `quorum` members agree, and more than agree on anything else
    weighted  more than half of all weight that was asked (a member's weight is 1 unless given)
A tie, or too few, has no winner: `Tally.winner` is None, and the swarm's `tie` rule says what then happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Rule = Literal["majority", "quorum", "weighted"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """One member's vote: `choice` is compared, `text` is what it said."""

    member: str
    choice: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """The outcome; `weights` by choice, heaviest first; `minority` voted otherwise, `absent` not at all."""

    winner: str | None
    weights: Mapping[str, int]
    minority: tuple[str, ...]
    absent: tuple[str, ...]

    @property
    def text(self) -> str:
        """One line for a person."""
        votes = ", ".join(f"{choice!r} {weight}" for choice, weight in self.weights.items())
        absent = f"; absent: {', '.join(self.absent)}" if self.absent else ""
        return f"{votes or 'no vote'}{absent}"


def count(
    ballots: Sequence[Ballot],
    members: Sequence[str],
    rule: Rule,
    *,
    quorum: int = 0,
    weights: Mapping[str, int] | None = None,
) -> Tally:
    """Count one ballot a member (the first counts), ignoring strangers."""
    given = weights if rule == "weighted" and weights is not None else {}
    first: dict[str, Ballot] = {}
    for ballot in ballots:
        if ballot.member in members:
            first.setdefault(ballot.member, ballot)
    sums: dict[str, int] = {}
    for ballot in first.values():
        sums[ballot.choice] = sums.get(ballot.choice, 0) + given.get(ballot.member, 1)
    ranked = dict(sorted(sums.items(), key=lambda pair: -pair[1]))
    asked = sum(given.get(member, 1) for member in members)
    winner = _winner(ranked, max(1, quorum) if rule == "quorum" else asked // 2 + 1)
    return Tally(
        winner=winner,
        weights=ranked,
        minority=tuple(member for member, ballot in first.items() if ballot.choice != winner),
        absent=tuple(member for member in members if member not in first),
    )


def _winner(ranked: Mapping[str, int], needed: int) -> str | None:
    if not ranked:
        return None
    (choice, most), *rest = ranked.items()
    if most < needed or (rest and rest[0][1] == most):
        return None
    return choice
