"""One record whatever happens: the outcome, or the refusal; durable before the reply's terminal marker leaves."""

from collections.abc import Awaitable

from limits.clock import Clock

from ..call import Call
from ..errors import AuditUnavailable
from ..journal import Journal
from ..metrics import Metrics
from ..records import outcome_of
from ..stage import CallStage
from ..strangers import Strangers
from ..traces import Traces


class Record(CallStage):
    """Stands first, so it settles last and sees all. Callers without a valid key are only counted."""

    def __init__(
        self, journal: Journal, strangers: Strangers, metrics: Metrics, clock: Clock, traces: Traces | None = None
    ) -> None:
        self._journal = journal
        self._strangers = strangers
        self._metrics = metrics
        self._clock = clock
        self._traces = traces

    def settle(self, call: Call) -> Awaitable[None] | None:
        """Write the record of how the call ended; count a stranger."""
        if call.key is not None:
            return self._write(call)
        self._strangers.count(call.ending.code if call.ending is not None else "none")
        self._tell(call)
        return None

    async def _write(self, call: Call) -> None:
        try:
            await self._journal.write_call(call, outcome_of(call, self._clock.monotonic_ns()))
        except AuditUnavailable as unwritten:
            call.ending = unwritten
            raise
        finally:
            self._tell(call)

    def _tell(self, call: Call) -> None:
        self._metrics.ended(call)
        if self._traces is not None:
            self._traces.ended(call)
