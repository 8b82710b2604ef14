"""When a person is asked before tools are called: a policy is a function, usable by every pattern.

`Agent(..., ask_human=after_steps(3, risk))` or `Escalate(policy)`. It sees the case
and returns the reason to ask, or None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Case:
    """What is about to happen: after `steps` model calls of the run the model wants to call `tool` with `arguments`."""

    task: str
    steps: int
    thought: str
    tool: str
    arguments: dict[str, Any]


Policy = Callable[[Case], str | None]


def after_steps(steps: int, risk: Callable[[Case], bool] = lambda _: True) -> Policy:
    """Ask from the step after `steps` model calls on, for cases that `risk` finds risky."""

    def policy(case: Case) -> str | None:
        if case.steps > steps and risk(case):
            return f"{case.steps} reasoning steps and no end, and the case is risky"
        return None

    return policy


def on_tools(*names: str) -> Policy:
    """Ask before each call of these tools."""

    def policy(case: Case) -> str | None:
        return f"{case.tool} needs a person's word" if case.tool in names else None

    return policy


def any_of(*policies: Policy) -> Policy:
    """Ask when any of them asks."""

    def policy(case: Case) -> str | None:
        return next((reason for each in policies if (reason := each(case))), None)

    return policy
