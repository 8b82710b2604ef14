"""A swarm: members work on the task side by side, each as a child run, publish what they found, and vote.

All share what is left of this run at the gateway, atomically. A member that crashes, is stopped or comes late is absent
from the vote; who votes otherwise is the minority; without a winner the `tie` rule decides. Ten members at most.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..bus import Bus, MemoryBus, Overloaded
from ..endings import Ending
from ..event import Note, answer, found
from ..run import Role, Run
from ..votes import Ballot, Rule, Tally, count

MEMBERS_MAX = 10
WAIT_S = 120.0


def last_line(text: str) -> str:
    """Return what a member voted for: the last line of what it said, without case and stops."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].casefold().strip(" .!*`\"'") if lines else ""


@dataclass(frozen=True, slots=True)
class Swarm:
    """`members` are agents of any pattern. On a `tie` a person is asked, the run stops, or the `first` choice wins."""

    members: Sequence[Role]
    vote: Rule = "majority"
    quorum: int = 0
    weights: Mapping[str, int] | None = None
    tie: Literal["ask", "stop", "first"] = "ask"
    wait_s: float = WAIT_S
    choice: Callable[[str], str] = last_line
    bus: Bus = field(default_factory=MemoryBus)
    name: str = "swarm"

    def __post_init__(self) -> None:
        names = {member.name for member in self.members}
        if not 1 <= len(names) == len(self.members) <= MEMBERS_MAX:
            raise ValueError(f"a swarm has 1 to {MEMBERS_MAX} members, each with a name of its own")

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Let all work, gather the ballots until all are in or `wait_s` is over, count."""
        topic = f"{run.id}/ballots"
        working = asyncio.ensure_future(run.side_by_side(self._member(run, topic, member) for member in self.members))
        ballots: list[Ballot] = []
        heard: set[str] = set()
        loop = asyncio.get_running_loop()
        until = loop.time() + self.wait_s
        try:
            while len(heard) < len(self.members) and (left_s := until - loop.time()) > 0:
                if working.done() and working.exception() is not None:
                    break
                message = await self.bus.receive(topic, wait_s=min(left_s, 0.2 if working.done() else 1.0))
                if message is None:
                    if working.done():
                        break
                    continue
                await self.bus.acknowledge(topic, message.id)
                ballot = Ballot(message.body["member"], message.body["choice"], message.body["text"])
                heard.add(ballot.member)
                if message.body["voted"]:
                    ballots.append(ballot)
                    yield Note("ballot", more={"member": ballot.member, "choice": ballot.choice})
            if working.done():
                working.result()
        finally:
            working.cancel()
            await asyncio.wait({working})
            await self.bus.close(topic)
        members = [member.name for member in self.members]
        tally = count(ballots, members, self.vote, quorum=self.quorum, weights=self.weights)
        yield Note("vote", tally.text, {"winner": tally.winner, "minority": tally.minority, "absent": tally.absent})
        winner = tally.winner or await self._tied(run, tally)
        best = next(ballot for ballot in ballots if ballot.choice == winner)
        yield found(tally.text)
        yield answer(best.text)

    async def _member(self, run: Run, topic: str, member: Role) -> None:
        """Run one member and publish its ballot; a full bus costs it its vote, not the run."""
        result = await run.spawn(member, run.task, at=member.name)
        voted = result.status == "completed"
        text = str(result.output) if voted else result.message
        ballot = {"member": member.name, "choice": self.choice(text), "text": text, "voted": voted}
        try:
            await self.bus.publish(topic, ballot)
        except Overloaded:
            run.degraded(f"{member.name}: its vote did not fit on the bus")

    async def _tied(self, run: Run, tally: Tally) -> str:
        choices = list(tally.weights)
        if self.tie == "first" and choices:
            return choices[0]
        if self.tie == "ask" and choices:
            return await run.choose("tie", f"the vote has no winner: {tally.text}", choices)
        raise Ending("stopped", "invalid_output", f"the vote has no winner: {tally.text}")
