"""Spans of a run, by OpenTelemetry's API; without a tracer provider they cost next to nothing.

A run is one span, every thought (model call) and action (tool call) one below it, and the gateway continues the trace
from the `traceparent` that a thought's request carries.
"""

import contextlib
from collections.abc import Iterator

from opentelemetry import propagate
from opentelemetry import trace as otel


@contextlib.contextmanager
def span(name: str, **attributes: str) -> Iterator[dict[str, str]]:
    """Open a span; yields the headers that carry it on."""
    headers: dict[str, str] = {}
    tracer = otel.get_tracer("tollhouse.agents")
    with tracer.start_as_current_span(name, record_exception=False) as current:
        if current.is_recording():
            current.set_attributes({f"tollhouse.{key}": value for key, value in attributes.items()})
            propagate.inject(headers)
        yield headers
