"""The intent: what is about to be sent and what it may cost, durable before the upstream sees a byte."""

from limits.seam import Ledger

from ..call import Attempt, Reply
from ..errors import AuditUnavailable
from ..journal import Journal
from ..kept import kept_of
from ..records import intent_of
from ..stage import AttemptStage


class Intend(AttemptStage):
    """Writes the attempt's intent with its hold; a hold without a durable intent licenses nothing and is dropped."""

    def __init__(self, journal: Journal, ledger: Ledger) -> None:
        self._journal = journal
        self._ledger = ledger

    async def admit(self, attempt: Attempt) -> Reply | None:
        """Write, and wait until it is durable."""
        try:
            await self._journal.write_call(attempt.call, intent_of(attempt), kept_of(attempt))
        except AuditUnavailable:
            attempt.call.entries.remove(attempt.hold)
            self._ledger.drop(attempt.hold.id)
            attempt.hold = None
            raise
        attempt.kept["intended"] = True
        if attempt.call.cut_by is not None:
            raise attempt.call.cut_by
        return None
