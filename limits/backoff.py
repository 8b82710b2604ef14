"""How long to wait before trying again: exponential, with jitter, honouring what the upstream asked for, bounded.

The n-th wait is drawn evenly from the upper half of `first_s * 2**n` (at most `wait_s_max`), so callers that failed
together do not come back together, and none comes back at once. An upstream's own wish is a minimum.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """Policy of retries; `retries_max` 0 is none. A wish above `asked_s_max` is not waited for."""

    retries_max: int = 2
    first_s: float = 0.25
    wait_s_max: float = 8.0
    asked_s_max: float = 20.0

    def wait_s(self, retry: int, left_s: float, chance: Random, asked_s: float | None = None) -> float | None:
        """Return seconds to wait before retry number `retry` (from 0), or None: do not retry.

        `left_s` is what the deadline leaves; `asked_s` what the upstream asked for (Retry-After).
        """
        if retry >= self.retries_max:
            return None
        upper = min(self.wait_s_max, self.first_s * 2 ** min(retry, 30))
        wait = upper * (0.5 + chance.random() / 2)
        if asked_s is not None:
            if asked_s > self.asked_s_max:
                return None
            wait = max(wait, asked_s + self.first_s * chance.random())
        return wait if wait < left_s else None
