"""Runs the same kind of task through every pattern, through the gateway, and keeps tokens, dollars and seconds."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agents import Agent, Budget, Gateway, PlanExecute, ReAct, Reflect, SinglePass, Swarm
from agents.runner import Runner
from bench.patterns.play import INSTRUCTIONS, PLANNED, STEPS, look

TASK = "Compare the regions' figures with the plan and say what is to be done."
AT_ONCE = 24


@dataclass(frozen=True, slots=True)
class Row:
    """One pattern at one size: medians over its runs; `usd` and tokens are the gateway's, for the whole run tree."""

    pattern: str
    size: int
    runs: int
    completed: int
    calls: float
    tokens: float
    usd: float
    p50_s: float
    p95_s: float

    def tree(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


Make = Callable[[], Agent]


def _agent(name: str, model: str, pattern: Any, **options: Any) -> Make:
    return lambda: Agent(name, model=model, pattern=pattern(), **options)


def cases() -> list[tuple[str, int, Make]]:
    """Return what is measured: name, size, how to make the agent."""
    told = {"tools": [look], "instructions": INSTRUCTIONS}
    found: list[tuple[str, int, Make]] = [
        ("react", steps, _agent("react", f"react-{steps}", ReAct, **told)) for steps in STEPS
    ]
    for width, name in ((1, "plan, one by one"), (3, "plan, 3 side by side")):
        found += [(name, steps, _agent("plan", f"plan-{steps}-w{width}", PlanExecute, **told)) for steps in PLANNED]
    found.append(("draft", 1, _agent("draft", "draft", ReAct)))
    found += [("reflect", rounds, _reflecting(rounds)) for rounds in (1, 2)]
    found.append(("single pass", 1, _agent("single", "single", SinglePass, **told)))
    found.append(("swarm", 5, lambda: Agent("swarm", model="member", pattern=Swarm(_members(5)))))
    return found


def _members(number: int, faulty: int = 0) -> list[Agent]:
    return [Agent(f"m{n}", model="hurried" if n < faulty else "member") for n in range(number)]


def _reflecting(rounds: int) -> Make:
    """Return an agent whose answer is found wrong `rounds` times, and then right."""

    def make() -> Agent:
        left = [rounds]

        def check(_: str) -> str | None:
            left[0] -= 1
            return "the test of add fails" if left[0] >= 0 else None

        return Agent("reflect", model="reflect", pattern=Reflect(rounds, check))

    return make


async def measured(url: str, key: str, folder: Path, runs: int) -> list[Row]:
    """Measure every case, `runs` times each, AT_ONCE at a time."""
    free = asyncio.Semaphore(AT_ONCE)
    async with Runner(Gateway(url, key), folder / "bench.sqlite") as runner:

        async def one(make: Make) -> tuple[float, Any]:
            async with free:
                began = time.monotonic()
                result = await runner.run(make(), TASK, Budget())
                return time.monotonic() - began, result

        async def case(name: str, size: int, make: Make) -> Row:
            return _row(name, size, await asyncio.gather(*(one(make) for _ in range(runs))))

        return list(await asyncio.gather(*(case(*each) for each in cases())))


def _row(name: str, size: int, ended: list[tuple[float, Any]]) -> Row:
    seconds = sorted(spent for spent, _ in ended)
    results = [result for _, result in ended]
    used = [result.account["used"] for result in results]
    return Row(
        pattern=name,
        size=size,
        runs=len(ended),
        completed=sum(result.status == "completed" for result in results),
        calls=statistics.median(each["steps"] for each in used),
        tokens=statistics.median(each["tokens"] for each in used),
        usd=statistics.median(float(each["usd"]) for each in used),
        p50_s=statistics.median(seconds),
        p95_s=seconds[min(len(seconds) - 1, round(0.95 * len(seconds)))],
    )


async def capped(url: str, key: str, folder: Path) -> dict[str, Any]:
    """Let ReAct run for 20 steps under the default profile's 50,000 tokens, with room for steps; tell where it ends."""
    async with Runner(Gateway(url, key), folder / "capped.sqlite") as runner:
        agent = _agent("react", "react-20", ReAct, tools=[look], instructions=INSTRUCTIONS)()
        ten = await runner.run(agent, TASK, Budget())
        votes = await runner.run(Agent("swarm", model="member", pattern=Swarm(_members(5, 2))), TASK, Budget())
        reflect = Reflect(1, lambda text: None if text == "right" else "wrong")
        mended = await runner.run(
            Agent("r", model="reflect-mends", pattern=reflect),
            TASK,
            Budget(),
        )
    return {
        "stopped_by": ten.stop,
        "steps": ten.usage.steps,
        "usd": float(ten.account["used"]["usd"]),
        "outvoted": str(votes.output).splitlines()[-1],
        "mended": mended.output,
    }
