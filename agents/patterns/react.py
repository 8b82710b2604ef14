"""ReAct: think, act, observe, again, until the model answers (Yao et al. 2022, arXiv:2210.03629).

The whole history goes to the model at each step, so its tokens grow with the square of the steps; what bounds it is the
run's budget at the gateway. For a task whose steps are known beforehand `PlanExecute` is cheaper.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from ..event import Note, answer, thought
from ..run import Run

STEPS_MAX = 200


@dataclass(frozen=True, slots=True)
class ReAct:
    """`steps_max` bounds the loop here too, should a profile set no limit of steps."""

    steps_max: int = STEPS_MAX
    name: str = "react"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Ask; while the model wants tools, use them and ask again."""
        talk = run.talk()
        for _ in range(self.steps_max):
            reply = await talk.ask("act")
            if not reply.calls:
                yield answer(reply.text)
                return
            if reply.text:
                yield thought(reply.text)
            await talk.act(reply)
        run.stop("steps", f"{self.steps_max} steps and no answer")
