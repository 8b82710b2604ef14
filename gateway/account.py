"""The figures a client is told of its call when it has ended: what it cost, how long it took here, what was found."""

from limits.clock import Clock
from limits.money import nano_to_usd
from limits.seam import Ledger

from .call import Call


class Figures:
    """Writes the final figures of a call; names are those of the `x-tollhouse-*` headers."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def figures(self, call: Call) -> dict[str, str]:
        """Return name → text: `cost_usd`, `overhead_ms`, `redacted`, tokens."""
        charges = [attempt.charge for attempt in call.attempts if attempt.charge is not None]
        figures = {
            "cost_usd": nano_to_usd(sum(charge.nano for charge in charges)),
            "overhead_ms": f"{self._overhead_ns(call) / 1e6:.2f}",
        }
        if charges:
            figures["input_tokens"] = str(sum(charge.input_tokens for charge in charges))
            figures["output_tokens"] = str(sum(charge.output_tokens for charge in charges))
        if call.findings:
            figures["redacted"] = str(sum(call.findings.values()))
        return figures

    def _overhead_ns(self, call: Call) -> int:
        """Return the time spent here: all but what passed between sending and the upstream's last event."""
        total = self._clock.monotonic_ns() - call.started_ns
        return max(0, total - sum(max(0, attempt.heard_ns - attempt.started_ns) for attempt in call.attempts))
