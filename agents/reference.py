"""Names an agent so that another process can make it again: a command, a worker, a resume after a crash.

    mytools.py:support          an Agent that a file makes
    {"pattern": "react", "tools": "/abs/mytools.py", "model": …}    one made of a pattern and a file's functions
A file of tools may name them in a list `tools`; otherwise its public functions are the tools. Loading runs the file.
"""

import importlib.util
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from .agent import Agent
from .patterns import Escalate, PlanExecute, ReAct, Reflect, SinglePass
from .run import Pattern
from .tool import Tool

PATTERNS: Mapping[str, Callable[[], Pattern]] = MappingProxyType(
    {
        "react": ReAct,
        "plan-execute": PlanExecute,
        "reflect": Reflect,
        "single-pass": SinglePass,
        "escalate": Escalate,
    }
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What names an agent: `file` and `name`, or a pattern, a model and a file of tools."""

    file: str = ""
    name: str = ""
    pattern: str = "react"
    tools: str = ""
    model: str = ""
    instructions: str = ""

    def text(self) -> str:
        """Return it as log and queue keep it."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, sort_keys=True)

    def agent(self) -> Agent:
        """Make the agent. Raises ValueError, and whatever the file raises."""
        if self.file:
            found = getattr(load(Path(self.file)), self.name, None)
            if not isinstance(found, Agent):
                raise ValueError(f"{self.file} makes no agent called {self.name!r}")
            return found
        if self.pattern not in PATTERNS:
            raise ValueError(f"no pattern {self.pattern!r}; but {', '.join(PATTERNS)}; or name FILE.py:AGENT")
        tools = tools_of(load(Path(self.tools))) if self.tools else []
        return Agent(
            self.pattern,
            model=self.model,
            tools=tools,
            pattern=PATTERNS[self.pattern](),
            instructions=self.instructions,
        )


def read(text: str) -> Reference:
    """Return a reference from what `text` wrote."""
    return Reference(**json.loads(text))


def named(given: str, *, tools: Path | None = None, model: str = "", instructions: str = "") -> Reference:
    """Return a reference from what a person typed: a pattern's name, or FILE.py:AGENT."""
    file, colon, name = given.rpartition(":")
    if colon:
        return Reference(file=str(Path(file).resolve()), name=name)
    return Reference(
        pattern=given.lower().replace("_", "-"),
        tools=str(tools.resolve()) if tools else "",
        model=model,
        instructions=instructions,
    )


def load(path: Path) -> ModuleType:
    """Run a Python file and return its module. Raises ValueError if there is none."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ValueError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tools_of(module: ModuleType) -> list[Callable[..., Any] | Tool]:
    """Return a module's tools."""
    listed = getattr(module, "tools", None)
    if listed is not None:
        return list(listed)
    return [
        function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    ]
