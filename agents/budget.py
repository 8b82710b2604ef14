"""What a run may use, tree and all. The gateway enforces it; a client may lower its key's limits, never raise them."""

import re
from dataclasses import dataclass
from typing import Any

_USD = re.compile(r"\d{1,12}(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Budget:
    """None leaves a limit to the key's profile. `usd` is dollars as text, as in "0.10"; floats are not money."""

    usd: str | None = None
    tokens: int | None = None
    steps: int | None = None
    seconds: int | None = None
    tool_calls: int | None = None
    replans: int | None = None
    agents: int | None = None
    depth: int | None = None

    def __post_init__(self) -> None:
        if self.usd is not None and not isinstance(self.usd, str):
            raise TypeError('usd must be text, as in Budget(usd="0.10")')
        if self.usd is not None and not _USD.fullmatch(self.usd):
            raise ValueError(f'usd must be dollars, as in "0.10", not {self.usd!r}')

    def limits(self) -> dict[str, Any]:
        """Return what is set, as `POST /v1/runs` takes it."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}
