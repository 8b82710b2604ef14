"""A run as its pattern sees it: conversations, children, work side by side. One object per run and process."""

from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NoReturn, Protocol, TypeVar

from .beside import side_by_side
from .budget import Budget
from .endings import Ending, Stop
from .event import Note
from .keys import step_key
from .policy import Policy
from .result import Result
from .seat import Seat
from .state import State
from .talk import Talk
from .tool import Tool

Value = TypeVar("Value")


class Pattern(Protocol):
    """How an agent works: an async generator over its run. `name` is announced to the gateway."""

    @property
    def name(self) -> str:
        """One word."""
        ...

    def __call__(self, run: "Run") -> AsyncGenerator[Note, None]:
        """Work on `run.task`; yield notes, an `answer` at last. Steps are made through `run` only."""
        ...


class Role(Protocol):
    """What an agent is to its run."""

    name: str
    model: str
    instructions: str
    tools: Sequence[Tool]
    pattern: Pattern
    options: Mapping[str, Any]
    ask_human: Policy | None


class Children(Protocol):
    """Where child runs are driven."""

    async def child(self, parent: Seat, agent: Role, task: str, key: str, budget: Budget) -> Result:
        """Run a child to its end, go on with it, or return how it ended. Raises Ending if none may be opened."""
        ...


class Run:
    """What a pattern gets."""

    def __init__(self, seat: Seat, agent: Role, children: Children) -> None:
        self.seat = seat
        self.agent = agent
        self._children = children
        self._places: set[str] = set()

    @property
    def id(self) -> str:
        """The gateway's id of the run, which is the log's too."""
        return self.seat.id

    @property
    def task(self) -> str:
        """What is to be done."""
        return self.seat.task

    @property
    def state(self) -> State:
        """All that happened, folded."""
        return self.seat.state

    def talk(
        self,
        at: str = "main",
        *,
        task: str | None = None,
        instructions: str | None = None,
        tools: Sequence[Tool] | None = None,
    ) -> Talk:
        """Begin a conversation at a place of its own; by default the agent's own instructions, task and tools."""
        self._take(at)
        system = self.agent.instructions if instructions is None else instructions
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        if task is None:
            messages += self.state.opened.get("history", [])
        messages.append({"role": "user", "content": self.task if task is None else task})
        return Talk(self.seat, at, messages, self.agent.tools if tools is None else tools)

    async def spawn(self, agent: Role, task: str, *, at: str, budget: Budget | None = None) -> Result:
        """Run another agent as a child: it shares what is left of this run, at the gateway. Its end never raises.

        Found again by its place: a child that ended is not run again, one that did not goes on. Raises Ending if no
        child may be opened.
        """
        self._take(f"child {at}")
        key = step_key(self.id, f"child {at}", 0, [agent.name, task])
        return await self._children.child(self.seat, agent, task, key, budget or Budget())

    async def side_by_side(self, parts: Iterable[Coroutine[Any, Any, Value]]) -> list[Value]:
        """Await all parts; if one raises, the others are cancelled first."""
        return await side_by_side(parts)

    def stop(self, stop: Stop, message: str) -> NoReturn:
        """End the run here; what was found so far is its partial result."""
        raise Ending("stopped", stop, message)

    def _take(self, at: str) -> None:
        if at in self._places:
            raise ValueError(f"{at!r} is taken; steps at one place could not be told apart")
        self._places.add(at)
