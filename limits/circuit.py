"""pybreaker without the Redis client that it would take along: 9 MB and 140 ms of every start.

pybreaker imports a client wherever one is installed, for its `CircuitRedisStorage`, and does without where none is.
Here its circuits keep their state in memory, so while it is imported `redis` is, in the import system's own terms (None
in `sys.modules`), not installed; afterwards it is as before. Only this file imports pybreaker.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING


def _without_redis() -> ModuleType:
    if "redis" in sys.modules:
        return importlib.import_module("pybreaker")  # it costs nothing any more
    sys.modules["redis"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("pybreaker")
    finally:
        del sys.modules["redis"]


if TYPE_CHECKING:
    from pybreaker import (
        STATE_CLOSED,
        STATE_HALF_OPEN,
        STATE_OPEN,
        CircuitBreaker,
        CircuitBreakerListener,
        CircuitMemoryStorage,
    )
else:
    _pybreaker = _without_redis()
    STATE_CLOSED = _pybreaker.STATE_CLOSED
    STATE_HALF_OPEN = _pybreaker.STATE_HALF_OPEN
    STATE_OPEN = _pybreaker.STATE_OPEN
    CircuitBreaker = _pybreaker.CircuitBreaker
    CircuitBreakerListener = _pybreaker.CircuitBreakerListener
    CircuitMemoryStorage = _pybreaker.CircuitMemoryStorage

__all__ = [
    "STATE_CLOSED",
    "STATE_HALF_OPEN",
    "STATE_OPEN",
    "CircuitBreaker",
    "CircuitBreakerListener",
    "CircuitMemoryStorage",
]
