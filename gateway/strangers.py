"""Callers without a valid key, counted: one record a minute, so that a stranger cannot fill the disk."""

from .journal import Journal


class Strangers:
    """Counts by reason since the last record; the reasons are our error codes, so there are few."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._counts: dict[str, int] = {}

    def count(self, reason: str) -> None:
        """Count one stranger."""
        self._counts[reason] = self._counts.get(reason, 0) + 1

    async def write(self) -> None:
        """Write what was counted, if anything; what cannot be written is counted on."""
        counts, self._counts = self._counts, {}
        if not counts:
            return
        try:
            await self._journal.write({"kind": "strangers", "counts": counts}, tenant=None)
        except Exception:
            for reason, number in counts.items():
                self._counts[reason] = self._counts.get(reason, 0) + number
            raise
