"""The tasks in which calls live, owned by the application: a request that is cancelled does not take its call along.

uvicorn cancels requests natively at the end of its shutdown grace, and a shield alone would leave nobody to wait for
the settlement; so the set is kept here, bounded, and drained at shutdown.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from .call import Call
from .errors import Draining, RateLimitExceeded, RunEnded

CUT_S = 5.0  # what a call that was cut has left to settle in


class Lives:
    """The calls under way, by their tasks. `calls_max` bounds them."""

    def __init__(self, calls_max: int) -> None:
        self.calls_max = calls_max
        self.draining = False
        self._calls: dict[asyncio.Task[None], Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def refuse(self) -> Draining | RateLimitExceeded | None:
        """Say why no further call may begin, None if one may."""
        if self.draining:
            return Draining("the gateway is shutting down; ask another replica, or again in a moment", retry_after_s=2)
        if len(self._calls) >= self.calls_max:
            return RateLimitExceeded(
                f"{len(self._calls)} calls are under way; {self.calls_max} are taken at once (bounds.calls_max)",
                param="bounds.calls_max",
                retry_after_s=1,
                limit=self.calls_max,
                actual=len(self._calls),
            )
        return None

    def start(self, call: Call, life: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a call's life."""
        task = asyncio.get_running_loop().create_task(life)
        call.task = task
        self._calls[task] = call
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._calls[task]

    def calls(self) -> list[Call]:
        """Return the calls under way."""
        return list(self._calls.values())

    def stop(self, scope: str) -> int:
        """Cut the calls under way in a scope (`run:ID` with its children, `key:ID`, `tenant:ID`); return how many."""
        kind, _, name = scope.partition(":")
        cut = [call for call in self._calls.values() if _is_in(call, kind, name)]
        for call in cut:
            call.cut(RunEnded(f"{kind} {name} was stopped while this call was under way", param=kind))
        return len(cut)

    async def drain(self, grace_s: float, cut_s: float = CUT_S) -> int:
        """Take no more calls; wait `grace_s`, cut what is left, give that `cut_s` to settle; return how many stay."""
        self.draining = True
        if self._calls:
            await asyncio.wait(self._calls, timeout=grace_s)
        for call in self.calls():
            call.cut(Draining("the gateway shut down before the reply was complete; ask again", retry_after_s=2))
        if self._calls:
            await asyncio.wait(self._calls, timeout=cut_s)
        return len(self._calls)


def _is_in(call: Call, kind: str, name: str) -> bool:
    if kind == "run":
        return call.run is not None and name in call.run.path
    paper = call.key if kind == "key" else call.tenant
    return paper is not None and bool(paper.id == name)
