"""Which calls are traced, decided before anything of a span is made, and who gets the trace context (W3C).

    no key -> never        finding, refusal, failure -> always, from that moment on, with true start times
    else   -> as the client's `traceparent` says, without one by `sample_ratio`

An unsampled call costs one comparison: the record is the evidence. What spans are made of is `gateway.spans`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from msgspec import structs

from .call import Attempt, Call
from .config.traces import TraceSettings
from .upstream.interface import UpstreamRequest

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_TRACESTATE_CHARS_MAX = 512
_TOLD = frozenset({"awaiting", "blocked", "canary_leaked", "refused"})
"""Decisions that are a finding or refusal though the call may end well."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where a client's trace stands, as its `traceparent` says (W3C Trace Context, level 1)."""

    trace_id: int
    span_id: int
    sampled: bool


class Found(Protocol):
    """What a guard found, without the value."""

    @property
    def kind(self) -> str:
        """The kind of value."""
        ...

    @property
    def direction(self) -> str:
        """On the way out, or back."""
        ...

    @property
    def action(self) -> str:
        """What became of it."""
        ...


class Spans(Protocol):
    """Makes spans and exports them. None of its methods waits or fails."""

    def found(self, call: Call, context: Context | None, finding: Found) -> None:
        """Note a finding as it happens; begins the call's span if there is none."""
        ...

    def sending(self, attempt: Attempt, context: Context | None) -> str:
        """Begin an attempt's span and return the `traceparent` that names it."""
        ...

    def ended(self, call: Call, context: Context | None) -> None:
        """End the call's spans; those that are missing are made with their true times."""
        ...

    @property
    def provider(self) -> "TracerProvider":
        """Where others get a tracer whose spans go the same way."""
        ...

    async def close(self) -> None:
        """Export what is left, for a bounded time."""
        ...


class Traces:
    """What the stages tell of calls. Without `spans` it only passes the client's context on."""

    def __init__(self, settings: TraceSettings, spans: Spans | None) -> None:
        self._spans = spans
        self._follows = settings.follow_client
        self._pass_to = frozenset(settings.pass_to)
        self._below = round(settings.sample_ratio * (1 << 32))

    def is_sampled(self, call: Call) -> bool:
        """Decide, from the call's own random id or its client's word; the same at each moment of a call."""
        context = self._context(call)
        return context.sampled if context is not None else int(call.id[5:13], 16) < self._below

    def _context(self, call: Call) -> Context | None:
        header = call.caller.headers.get("traceparent") if self._follows else None
        return None if header is None else context_of(header)

    def found(self, call: Call, finding: Found) -> None:
        """Note a finding as it happens."""
        if self._spans is not None:
            self._spans.found(call, self._context(call), finding)

    def passed_on(self, attempt: Attempt, request: UpstreamRequest) -> UpstreamRequest:
        """Return a request with the trace context, if the policy lets its target have it."""
        if not self._pass_to or attempt.target.target.upstream not in self._pass_to:
            return request
        call = attempt.call
        context = self._context(call)
        if self._spans is not None and ("spans" in call.kept or self.is_sampled(call)):
            traceparent = self._spans.sending(attempt, context)
        elif context is not None:
            traceparent = call.caller.headers["traceparent"]
        else:
            return request
        headers: Sequence[tuple[str, str]] = [*request.headers, ("traceparent", traceparent)]
        state = call.caller.headers.get("tracestate", "")
        if context is not None and 0 < len(state) <= _TRACESTATE_CHARS_MAX and state.isascii() and state.isprintable():
            headers = [*headers, ("tracestate", state)]
        return structs.replace(request, headers=headers)

    def ended(self, call: Call) -> None:
        """Take note that a call has ended; callers without a valid key are only counted, elsewhere."""
        if self._spans is None or call.key is None:
            return
        if call.ending is not None or "spans" in call.kept or self.is_sampled(call) or _is_told(call):
            self._spans.ended(call, self._context(call))

    @property
    def provider(self) -> "TracerProvider | None":
        """What else may make spans: the operators' application does."""
        return None if self._spans is None else self._spans.provider

    async def close(self) -> None:
        """Export what is left."""
        if self._spans is not None:
            await self._spans.close()


def context_of(traceparent: str) -> Context | None:
    """Return what a `traceparent` header says; None if it is not valid, which begins a new trace."""
    match = _TRACEPARENT.fullmatch(traceparent) if len(traceparent) <= _TRACESTATE_CHARS_MAX else None
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return Context(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & 1))


def _is_told(call: Call) -> bool:
    decisions = call.decisions
    return bool(decisions) and any(decision["decision"] in _TOLD for decision in decisions)
