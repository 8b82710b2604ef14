"""One timer for a moment that mostly moves later: every piece of a reply moves it, and almost none touches the loop.

It is armed anew only for an earlier moment; when it fires before its moment, it is set again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

NEVER_S = float("inf")


class Alarm:
    """Rings once its moment is there, unless that was moved. `at_s` is on the loop's clock."""

    __slots__ = ("_armed_s", "_loop", "_ring", "_timer", "at_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._armed_s = NEVER_S
        self.at_s = NEVER_S

    def move(self, at_s: float) -> None:
        """Move the moment, to an earlier or a later one, or to `NEVER_S`."""
        self.at_s = at_s
        if at_s < self._armed_s:
            if self._timer is not None:
                self._timer.cancel()
            self._armed_s = at_s
            self._timer = self._loop.call_at(at_s, self._fire)

    def cancel(self) -> None:
        """Ring no more, and leave nothing in the loop."""
        self.at_s = self._armed_s = NEVER_S
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        self._armed_s = NEVER_S
        if self._loop.time() < self.at_s:
            self.move(self.at_s)
        else:
            self._ring()
