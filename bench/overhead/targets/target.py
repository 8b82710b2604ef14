"""What the benchmark must know about a gateway to measure it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from audit.place import Place

Masks = Literal["no", "out", "both"]


@dataclass(frozen=True, slots=True)
class Launch:
    """How one gateway is started.

    ``ready`` is a path that answers 200 once calls can be made; ``masks`` says whether the upstream must not see
    personal data (``out``), and whether the client must get it back too (``both``). ``beside`` are the processes of
    the servers that it works on, by name: what they spend is told apart from what the gateway spends. ``headers`` go
    with each call. ``book`` has two records of each call, with the contents' commitment if ``contents`` are kept.
    ``cwd`` is where it is started, if not here: here another's `limits` would be ours. ``done``
    is False if streams end without `[DONE]`; ``lacks`` says such things in the table.
    """

    command: list[str]
    ready: str
    env: dict[str, str] = field(default_factory=dict)
    key: str = "none"
    masks: Masks = "no"
    beside: dict[str, int] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    book: Place | None = None
    contents: bool = False
    done: bool = True
    lacks: str = ""


class Target(Protocol):
    """A gateway under measurement."""

    @property
    def name(self) -> str:
        """The row's name in the table."""
        ...

    def missing(self) -> str | None:
        """Say what this machine lacks and how to get it; None if nothing."""
        ...

    def prepared(self, folder: Path, port: int, upstream_port: int) -> AbstractContextManager[Launch]:
        """Write what the gateway needs into an empty folder, and run the servers it needs while entered."""
        ...
