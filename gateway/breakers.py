"""Every breaker of the house: shown, counted for `/metrics`, and operated by hand, which is an act that the book tells.

Names are `UPSTREAM/MODEL`, `tool/NAME` and `mcp/SERVER`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from audit import record
from limits.breaker import Breaker

from .errors import NotFound
from .journal import Journal

Act = Literal["open", "close", "reset"]
_STATES = {"closed": 0, "half-open": 1, "open": 2}


def _none() -> list[Breaker]:
    return []


class Breakers(Collector):
    """What `gateway.admin` shows and operates. `found` returns the breakers there are now."""

    def __init__(self, journal: Journal, found: Callable[[], Iterable[Breaker]] = _none) -> None:
        self._journal = journal
        self._found = found

    def all(self) -> list[Breaker]:
        """Return every breaker, by name."""
        return sorted(self._found(), key=lambda breaker: breaker.name)

    async def operate(self, actor: str, name: str, act: Act, open_s: float = 0.0) -> Breaker:
        """Open a breaker for so long, close it, or reset it. NotFound, AuditUnavailable (nothing was done)."""
        breaker = next((each for each in self._found() if each.name == name), None)
        if breaker is None:
            raise NotFound("no breaker has that name; they live in the gateway that serves", param="breaker")
        new: dict[str, str | int] = {"act": act}
        if act == "open":
            new["seconds"] = round(open_s)
        change = {"object": "breaker", "id": name, "old": breaker.state, "new": new}
        await self._journal.write(record.admin(actor=actor, change=change), tenant=None)
        if act == "open":
            breaker.open(open_s)
        elif act == "close":
            breaker.close()
        else:
            breaker.reset()
        return breaker

    def collect(self) -> Iterator[Metric]:
        """Return the states of this moment: 0 closed, 1 half-open, 2 open."""
        states = GaugeMetricFamily("tollhouse_breaker_state", "0 closed, 1 half-open, 2 open", labels=("breaker",))
        for breaker in self.all():
            states.add_metric((breaker.name,), _STATES[breaker.state])
        yield states
