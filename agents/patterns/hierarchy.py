"""A hierarchy: a supervisor whose tools are its workers; a worker may be a supervisor itself.

The tree is made of agents: `Agent("head", pattern=Hierarchy([it, payroll]))`. Each delegation is a child run: what it
may use is what its parents have left, so a worker that overspends is stopped by their remainder, and the supervisor is
told how far it came. A supervisor that crashed goes on: children that ended are not run again.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from ..endings import Ending
from ..event import Note, answer, thought
from ..run import Role, Run
from ..tool import Tool, tool

STEPS_MAX = 100


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """`workers` are agents; what they are for is told by their instructions' first line."""

    workers: Sequence[Role]
    steps_max: int = STEPS_MAX
    name: str = "hierarchy"

    def __post_init__(self) -> None:
        if len({worker.name for worker in self.workers}) < len(self.workers):
            raise ValueError("two workers have one name")

    async def __call__(self, run: Run) -> AsyncGenerator[Note, None]:
        """Work as ReAct does; a call of a worker's tool is a child run."""
        workers = {f"ask_{worker.name}": worker for worker in self.workers}

        async def delegate(name: str, key: str, arguments: dict[str, str]) -> str:
            result = await run.spawn(workers[name], arguments["task"], at=key)
            if result.status == "waiting":
                raise Ending("waiting", "approval", result.message)
            if result.status == "completed":
                return str(result.output)
            return f"[{workers[name].name} {result.status}: {result.message}] It came this far: {result.partial}"

        tools = [*run.agent.tools, *(_desk(name, worker) for name, worker in workers.items())]
        talk = run.talk(tools=tools, inside=dict.fromkeys(workers, delegate))
        for _ in range(self.steps_max):
            reply = await talk.ask("act")
            if not reply.calls:
                yield answer(reply.text)
                return
            if reply.text:
                yield thought(reply.text)
            await talk.act(reply)
        run.stop("steps", f"{self.steps_max} steps and no answer")


def _desk(name: str, worker: Role) -> Tool:
    """Return the tool by which a supervisor gives a worker a task."""

    def ask(task: str) -> str:
        return task

    ask.__doc__ = f"Give {worker.name} a task. {worker.instructions.partition(chr(10))[0]}".strip()
    return tool(ask, name=name, repeatable=True)
