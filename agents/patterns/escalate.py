"""Escalation: any pattern under a policy that says when a person is asked before tools are called.

The run then waits: `result.waiting` tells what for, `resume(run_id, answers={id: True})` goes on with exactly the call
that was shown. By default it is ReAct that goes to a person after three reasoning steps if the case is risky.
"""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from ..event import Note
from ..policy import Policy, after_steps
from ..run import Pattern, Run
from .react import ReAct

STEPS = 3


@dataclass(frozen=True, slots=True)
class Escalate:
    """`policy` is asked before each tool call of `pattern`, beside the agent's own."""

    policy: Policy = field(default_factory=lambda: after_steps(STEPS))
    pattern: Pattern = field(default_factory=ReAct)
    name: str = "escalate"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Let the pattern work, under the policy."""
        async with contextlib.aclosing(self.pattern(run.under(self.policy))) as notes:
            async for note in notes:
                yield note
