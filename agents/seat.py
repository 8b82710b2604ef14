"""Where a run is worked on: its journal, its key, and what the process gives it. Conversations hold on to this."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .clock import Clock
from .gateway import Gateway
from .journal import Journal
from .policy import Policy
from .state import State
from .workshop import Workshop


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: `key` is the step it holds up, `id` what the answer names."""

    key: str
    id: str
    name: str
    arguments: str
    reason: str
    by: str = "runner"
    run: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """One run in one process. `key` is the run's own at the gateway; `pattern` is announced to it."""

    journal: Journal
    key: str
    gateway: Gateway
    workshop: Workshop
    clock: Clock
    model: str
    options: Mapping[str, Any]
    pattern: str
    ask_human: Policy | None

    @property
    def id(self) -> str:
        """The gateway's id of the run, which is the log's too."""
        return self.journal.run

    @property
    def state(self) -> State:
        """All that happened, folded."""
        return self.journal.state

    @property
    def task(self) -> str:
        """What is to be done."""
        return str(self.state.opened["task"])

    async def wait(self, question: Question) -> None:
        """Note that a person is asked, once."""
        if question.key not in self.state.waiting:
            await self.journal.write("waiting", **asdict(question))
