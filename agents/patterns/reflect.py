"""Reflection: try, judge, learn, try again.

With `check` (tests, a validator) it is Reflexion (arXiv:2303.11366): the verdict comes from outside, and each trial
begins anew with the lessons of those before, also of earlier runs if there is a `memory`. Without, it is Self-Refine
(arXiv:2303.17651): the model judges its own draft and mends it. Each round costs two to three times a single answer.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..event import Note, answer, found
from ..memory import Memory
from ..run import Run
from ..tool import awaited

ROUNDS = 2
TURNS_MAX = 50
_JUDGE = (
    "Judge this answer to the task strictly. Task: {task}\n\nAnswer:\n{draft}\n\n"
    "Say whether it is right, and if not, what to mend."
)
_LEARN = (
    "Task: {task}\n\nThis attempt failed:\n{draft}\n\nVerdict: {wrong}\n\n"
    "In one or two sentences: what to do differently next time."
)
_LESSONS = "{task}\n\nLessons of earlier attempts:\n{lessons}"
_MEND = "{task}\n\nYour draft:\n{draft}\n\nWhat to mend: {wrong}\n\nGive the mended answer."

Check = Callable[[str], str | Awaitable[str | None] | None]


class Verdict(BaseModel):
    """What the model says of its own draft."""

    model_config = ConfigDict(extra="forbid")

    right: bool
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Reflect:
    """`check` returns what is wrong with an answer, None if nothing. `rounds` are the further trials."""

    rounds: int = ROUNDS
    check: Check | None = None
    memory: Memory | None = None
    name: str = "reflect"

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Try; while the verdict is bad and rounds are left, learn and try again."""
        lessons = await self._recalled(run)
        if lessons:
            yield Note("recalled", more={"lessons": lessons})
        task, draft, wrong = run.task, "", ""
        for trial in range(self.rounds + 1):
            if lessons and (self.check is not None or not trial):
                task = _LESSONS.format(task=run.task, lessons="\n".join(f"- {lesson}" for lesson in lessons))
            draft = await _tried(run, f"trial {trial}", task)
            yield found(draft)
            wrong = await self._wrong(run, trial, draft)
            if not wrong:
                yield answer(draft)
                return
            yield Note("reflection", wrong)
            if trial == self.rounds:
                break
            if self.check is None:
                task = _MEND.format(task=run.task, draft=draft, wrong=wrong)
            else:
                lessons.append(await self._lesson(run, trial, draft, wrong))
        run.stop("invalid_output", f"still wrong after {self.rounds} rounds: {wrong}")

    async def _wrong(self, run: Run, trial: int, draft: str) -> str:
        check = self.check
        if check is not None:
            return str(await run.once(f"check {trial}", lambda: _checked(check, draft)) or "")
        talk = run.talk(f"judge {trial}", task=_JUDGE.format(task=run.task, draft=draft), tools=())
        verdict: Verdict = (await talk.ask("reflect", output=Verdict)).parsed
        return "" if verdict.right else verdict.mend or "it is not right"

    async def _lesson(self, run: Run, trial: int, draft: str, wrong: str) -> str:
        talk = run.talk(f"learn {trial}", task=_LEARN.format(task=run.task, draft=draft, wrong=wrong), tools=())
        lesson = (await talk.ask("reflect")).text
        memory = self.memory
        if memory is not None:
            await run.once(f"remember {trial}", lambda: memory.add(f"{run.task}: {lesson}", topic=run.agent.name))
        return lesson

    async def _recalled(self, run: Run) -> list[str]:
        memory = self.memory
        if memory is None:
            return []

        async def search() -> dict[str, Any]:
            found = await memory.search(run.task)
            return {"texts": list(found.texts), "degraded": found.degraded}

        recalled = await run.once("recall", search)
        if recalled["degraded"]:
            run.degraded(f"memory: {recalled['degraded']}")
        return list(recalled["texts"])


async def _checked(check: Check, draft: str) -> str | None:
    wrong: str | None = await awaited(check(draft))
    return wrong


async def _tried(run: Run, at: str, task: str) -> str:
    """Make one trial, with tools if there are any."""
    talk = run.talk(at, task=task)
    reply = await talk.ask("act")
    for _ in range(TURNS_MAX):
        if not reply.calls:
            break
        await talk.act(reply)
        reply = await talk.ask("act")
    return reply.text
