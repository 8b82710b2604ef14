"""Plan and execute: one plan, checked before anything runs, then its steps, side by side where they may.

The planner sees the whole task, the executor one step and the results it builds on, so its prompts stay short. A step
that fails makes a new plan for what is left, `max_replans` times at most (the gateway counts them too, by the phase).
"""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..event import Note, answer, found
from ..run import Run

STEPS_MAX = 30
REPLANS_MAX = 3
_PLAN = (
    "Make a plan for the task. Each step names one tool, or none if it is only thinking, says in `goal` what is to be"
    " done with it, and lists in `after` the ids of the steps whose results it needs; steps that need nothing of each"
    " other run at the same time. Answer with JSON of the given schema.\nTools:\n{tools}\n\nTask: {task}"
)
_REPLAN = "Step {id} failed: {why}\nDone so far:\n{done}\n\nMake a new plan for what is still to be done."
_EXECUTE = (
    "Do this one step of a larger plan, with at most one tool call.\nStep: {goal}\nResults you may use:\n{inputs}"
)
_ANSWER = "Task: {task}\n\nThe steps gave:\n{done}\n\nGive the final answer."


class Step(BaseModel):
    """One step of a plan."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=40)]
    goal: Annotated[str, Field(min_length=1, max_length=4_000)]
    tool: str | None = None
    after: list[str] = []


class Plan(BaseModel):
    """A plan."""

    model_config = ConfigDict(extra="forbid")

    steps: Annotated[list[Step], Field(min_length=1, max_length=STEPS_MAX)]

    def wrong(self, tools: Mapping[str, object], done: Mapping[str, str]) -> str:
        """Say what makes the plan impossible: unknown tools, unknown or circular needs, ids used twice."""
        ids = [step.id for step in self.steps]
        known = {*ids, *done}
        wrong = [f"there is no tool {step.tool!r}" for step in self.steps if step.tool and step.tool not in tools]
        wrong += [f"{id_!r} stands twice" for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1 or id_ in done})]
        wrong += [
            f"{step.id!r} needs {need!r}, which is no step"
            for step in self.steps
            for need in step.after
            if need not in known
        ]
        if not wrong and not self._orderable(done):
            wrong.append("the steps need each other in a circle")
        return "; ".join(wrong)

    def _orderable(self, done: Mapping[str, str]) -> bool:
        left, over = list(self.steps), set(done)
        while left:
            ready = [step for step in left if over.issuperset(step.after)]
            if not ready:
                return False
            over |= {step.id for step in ready}
            left = [step for step in left if step.id not in over]
        return True


@dataclass(frozen=True, slots=True)
class PlanExecute:
    """`parallel` False makes one step after the other, in the plan's order."""

    max_replans: int = REPLANS_MAX
    parallel: bool = True
    name: str = "plan-execute"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Plan, execute, plan again for what failed, answer."""
        tools = {tool.name: tool for tool in run.agent.tools}
        told = "\n".join(f"- {tool.name}: {tool.description} {json.dumps(tool.schema)}" for tool in tools.values())
        planner = run.talk("plan", task=_PLAN.format(tools=told or "(none)", task=run.task), tools=())
        done: dict[str, str] = {}
        for plans in range(self.max_replans + 1):
            reply = await planner.ask(
                "replan" if plans else "plan", output=Plan, check=lambda plan: plan.wrong(tools, done)
            )
            plan: Plan = reply.parsed
            await run.plan(str(plans), [step.tool for step in plan.steps if step.tool])
            yield Note("plan", more=plan.model_dump())
            failed: tuple[Step, str] | None = None
            left = list(plan.steps)
            while left and failed is None:
                ready = [step for step in left if done.keys() >= set(step.after)]
                ready = ready if self.parallel else ready[:1]
                results = await run.side_by_side(self._execute(run, plans, step, done) for step in ready)
                for step, (ok, result) in zip(ready, results, strict=True):
                    left.remove(step)
                    if ok:
                        done[step.id] = result
                    else:
                        failed = failed or (step, result)
                yield found(_listed(done))
            if failed is None:
                closing = run.talk("answer", task=_ANSWER.format(task=run.task, done=_listed(done)), tools=())
                yield answer((await closing.ask("answer")).text)
                return
            planner.say(_REPLAN.format(id=failed[0].id, why=failed[1], done=_listed(done)))
            why = f"step {failed[0].id} failed: {failed[1]}"
        run.stop("replans", f"{self.max_replans} new plans, and {why}")

    async def _execute(self, run: Run, plans: int, step: Step, done: Mapping[str, str]) -> tuple[bool, str]:
        """Make one step; return whether it succeeded, and its result or why not."""
        inputs = _listed({id_: done[id_] for id_ in step.after})
        tools = [tool for tool in run.agent.tools if tool.name == step.tool]
        talk = run.talk(f"step {plans}.{step.id}", task=_EXECUTE.format(goal=step.goal, inputs=inputs), tools=tools)
        reply = await talk.ask("act")
        if not reply.calls:
            return True, reply.text
        outcomes = await talk.act(reply)
        result = "\n".join(outcome.content for outcome in outcomes)
        return all(outcome.ok for outcome in outcomes), result


def _listed(done: Mapping[str, str]) -> str:
    return "\n".join(f"{id_}: {result}" for id_, result in done.items()) or "(nothing)"
