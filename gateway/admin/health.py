"""Whether the process lives, whether it takes calls, and its figures. Open to whoever reaches the port: no names.

Told without the framework, so that a balancer's question does not load it.
"""

from collections.abc import Callable
from types import MappingProxyType

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from .parts import Parts

Told = tuple[int, str, bytes]
"""Status, content type, body."""
_JSON = "application/json"


def live(_: Parts) -> Told:
    """Answer as long as the event loop turns."""
    return 200, _JSON, _health("ok", (), ())


def ready(parts: Parts) -> Told:
    """Answer 200 if calls are taken, else 503 with the reasons."""
    reasons = tuple(parts.unready())
    # Anyone may ask here, and the sentences name paths and models: only the places. `tollhouse check` says all.
    places = tuple(warning.partition(":")[0] for warning in parts.warnings())
    status, word = (503, "unready") if reasons else (200, "ok")
    return status, _JSON, _health(word, reasons, places)


def metrics(parts: Parts) -> Told:
    """Return Prometheus' text format."""
    return 200, CONTENT_TYPE_LATEST, generate_latest(parts.metrics)


def _health(status: str, reasons: tuple[str, ...], warnings: tuple[str, ...]) -> bytes:
    return orjson.dumps({"status": status, "reasons": reasons, "warnings": warnings})


PATHS = MappingProxyType[str, Callable[[Parts], Told]](
    {
        **dict.fromkeys(("/livez", "/health/liveliness"), live),
        **dict.fromkeys(("/readyz", "/health", "/health/readiness"), ready),
        "/metrics": metrics,
    }
)
"""What other gateways call them stands beside ours."""
