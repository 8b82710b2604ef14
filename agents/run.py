"""A run as its pattern sees it: conversations, children, work side by side. One object per run and process."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn, Protocol, TypeVar

from .beside import side_by_side
from .budget import Budget
from .endings import Ending, Refused, Stop
from .event import Note
from .keys import step_key
from .policy import Policy, any_of
from .result import Result
from .seat import Question, Seat
from .state import State
from .talk import NOTHING_INSIDE, Inside, Talk
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
        inside: Mapping[str, Inside] = NOTHING_INSIDE,
    ) -> Talk:
        """Begin a conversation at a place of its own; by default the agent's own instructions, task and tools.

        `inside`: tools that the pattern itself carries out, by name.
        """
        self._take(at)
        system = self.agent.instructions if instructions is None else instructions
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        if task is None:
            messages += self.state.opened.get("history", [])
        messages.append({"role": "user", "content": self.task if task is None else task})
        return Talk(self.seat, at, messages, self.agent.tools if tools is None else tools, inside)

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

    async def once(self, at: str, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `ask` gives, JSON; a later life of this run gets the same without asking again."""
        self._take(f"once {at}")
        key = step_key(self.id, f"once {at}", 0, None)
        if key not in self.state.once:
            await self.seat.journal.write("once", key=key, value=await ask())
        return self.state.once[key]

    async def plan(self, at: str, tools: Sequence[str]) -> None:
        """Let the gateway know the tools of a plan: until another plan stands it lets no other pass. Raises Ending."""
        names = sorted(set(tools))

        async def told() -> list[str]:
            try:
                await self.seat.gateway.plan(self.id, names, self.seat.key)
            except Refused as refused:
                raise refused.ending() from refused
            return names

        await self.once(f"plan {at}", told)

    async def choose(self, at: str, question: str, options: Sequence[str]) -> str:
        """Return what a person chose: until then the run waits. Raises Ending."""
        self._take(f"choose {at}")
        key = step_key(self.id, f"choose {at}", 0, [question, *options])
        chosen = self.state.decided.get(key)
        if chosen is None:
            arguments = json.dumps({"options": list(options)})
            await self.seat.wait(Question(key, f"{at}-{key[:8]}", "choose", arguments, question))
            raise Ending("waiting", "approval", question)
        if chosen not in options:
            raise Ending("stopped", "approval", f"a person chose none of the options: {question}")
        return str(chosen)

    def degraded(self, what: str) -> None:
        """Label the result: something stood in for what did not answer."""
        if what not in self.state.degraded:
            self.seat.journal.write_now("degraded", text=what)

    def under(self, policy: Policy) -> "Run":
        """Return this run under one more policy of asking a person."""
        own = self.seat.ask_human
        both = policy if own is None else any_of(own, policy)
        return Run(replace(self.seat, ask_human=both), self.agent, self._children)

    def stop(self, stop: Stop, message: str) -> NoReturn:
        """End the run here; what was found so far is its partial result."""
        raise Ending("stopped", stop, message)

    def _take(self, at: str) -> None:
        if at in self._places:
            raise ValueError(f"{at!r} is taken; steps at one place could not be told apart")
        self._places.add(at)
