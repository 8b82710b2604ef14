"""A gateway on loopback before a scripted model, and agents that go through it: where most tests of agents begin."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents import Agent, Gateway
from agents.scripted import Reply, Rule, Script, ToolCall
from tests.gateway.live import Live, live


@dataclass(slots=True)
class Scene:
    """`agent(...)` makes one that speaks with the gateway's key and logs into `log`."""

    gate: Live
    folder: Path

    @property
    def log(self) -> Path:
        """The agents' log."""
        return self.folder / "agents.sqlite"

    @property
    def gateway(self) -> Gateway:
        """A client of the gateway."""
        return Gateway(self.gate.url, self.gate.token)

    def agent(self, name: str = "tester", **options: Any) -> Agent:
        """Make an agent."""
        return Agent(name, **{"model": "m", "gateway": self.gateway, "log": self.log, **options})

    def requests(self) -> int:
        """How many model calls reached the provider."""
        return self.gate.upstream.bill.total.requests


@contextlib.asynccontextmanager
async def scene(folder: Path, *rules: Rule, **parts: Any) -> AsyncIterator[Scene]:
    """Run it; `rules` are the model's, `parts` the gateway's configuration."""
    async with live(folder, script=Script(rules=rules), **parts) as gate:
        yield Scene(gate, folder)


def says(match: str, *replies: Reply | str, **options: Any) -> Rule:
    """Return a rule: when `match` is in the last message, answer, by the conversation's turn."""
    return Rule(
        match=match, replies=tuple(Reply(text=each) if isinstance(each, str) else each for each in replies), **options
    )


def calls(name: str, /, *, said: str = "", **arguments: Any) -> Reply:
    """Return a reply that calls a tool."""
    return Reply(text=said, tool_calls=(ToolCall(name, arguments),))


def plan(*steps: tuple[str, str, str | None, list[str]]) -> str:
    """Return a plan as the model writes it: id, goal, tool, after."""
    keys = ("id", "goal", "tool", "after")
    return json.dumps({"steps": [dict(zip(keys, step, strict=True)) for step in steps]})
