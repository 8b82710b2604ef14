"""Takes the step in a declared run and all its ancestors; gives it back when the call fails or found no room."""

from collections.abc import Awaitable

from limits.entries import CountEntry
from limits.runs import COUNTED
from limits.seam import Ledger

from ..call import Call
from ..errors import BudgetHeld, Failure
from ..stage import CallStage
from ..verdicts import ending_of

_STEPS = COUNTED.index("steps")


class Count(CallStage):
    """One step a call, retries and asking again not counted; a call announced as `replan` is a replan too."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def admit(self, call: Call) -> Awaitable[None] | None:
        """Take the step, or refuse with `run.steps`."""
        run = call.run
        if run is None or call.is_for_tool:  # tool calls are counted as such, by Firewall
            return None
        if call.clear is not None and call.clear.free:
            return None
        return self._take(call, run.id)

    async def _take(self, call: Call, run_id: str) -> None:
        taken: list[CountEntry] = call.kept.setdefault("count", [])
        for dimension in ("steps", "replans") if call.phase == "replan" else ("steps",):
            entry = await self._ledger.count(run_id, dimension, tenant=call.tenant.id)
            if not isinstance(entry, CountEntry):
                self._give_back(call)
                raise ending_of(entry)
            taken.append(entry)
            call.entries.append(entry)
        seen = await self._ledger.look(run_id, tenant=call.tenant.id)
        if seen is not None:
            call.step = seen.counts[_STEPS]

    def settle(self, call: Call) -> None:
        """Give back what was taken if the call failed or was told that the budget is held."""
        if isinstance(call.ending, Failure | BudgetHeld) and not call.released:
            self._give_back(call)

    def _give_back(self, call: Call) -> None:
        taken = call.kept.pop("count", ())
        call.entries.extend(self._ledger.give_back(entry) for entry in taken)
