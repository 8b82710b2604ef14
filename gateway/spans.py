"""Spans of calls after the OpenTelemetry conventions for GenAI (semantic-conventions-genai, 1.44), exported by OTLP.

    SERVER  POST /v1/chat/completions        once a call; a finding or refusal is an event on it
      CLIENT  chat gpt-4o-mini               once an attempt that was sent

Nothing but `ATTRIBUTES` and `EVENTS` leaves, whoever made the span: no text, no header, no value, no client's id.
Only this file knows the SDK, and it is imported only where a collector is configured: it takes a quarter of a second.
"""

import asyncio
import urllib.parse
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, set_span_in_context
from opentelemetry.trace.status import Status, StatusCode
from opentelemetry.util.types import AttributeValue

from limits.clock import Clock

from .call import Attempt, Call
from .config.traces import TraceSettings
from .dialects.openai_objects import ObjectDialect
from .traces import Context, Found

ATTRIBUTES = frozenset(
    (
        *("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.request.max_tokens"),
        *("gen_ai.request.choice.count", "gen_ai.request.stream", "gen_ai.response.finish_reasons"),
        *("gen_ai.request.frequency_penalty", "gen_ai.request.presence_penalty", "gen_ai.request.seed"),
        *("gen_ai.request.temperature", "gen_ai.request.top_k", "gen_ai.request.top_p", "gen_ai.output.type"),
        *("gen_ai.response.time_to_first_chunk", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
        *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        *("gen_ai.usage.reasoning.output_tokens", "gen_ai.conversation.id", "gen_ai.tool.name"),
        *("error.type", "server.address", "server.port"),
        *("http.request.method", "http.route", "http.response.status_code"),
        *("tollhouse.call", "tollhouse.tenant", "tollhouse.key", "tollhouse.profile", "tollhouse.run"),
        *("tollhouse.run_by", "tollhouse.phase", "tollhouse.model", "tollhouse.nano_usd", "tollhouse.degraded"),
        *("tollhouse.attempt", "tollhouse.clamped", "tollhouse.decisions", "tollhouse.client_left"),
        *("tollhouse.kind", "tollhouse.direction", "tollhouse.action", "tollhouse.code"),
        *("tollhouse.limit", "tollhouse.actual"),
    )
)
_OF_SERVERS = ATTRIBUTES - {"server.address", "server.port"}  # there it is what a client's Host header says
EVENTS = frozenset({"tollhouse.finding", "tollhouse.refusal", "tollhouse.failure"})
_NUMBERS = ("frequency_penalty", "presence_penalty", "seed", "temperature", "top_k", "top_p")
_EVENTS_MAX = 64
_FINISHES = frozenset(
    (
        *("stop", "length", "tool_calls", "content_filter", "function_call"),
        *("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "completed", "incomplete"),
    )
)
_OPERATIONS = {
    "openai_completions": "text_completion",
    "openai_embeddings": "embeddings",
    "openai_moderations": "moderation",
    "anthropic_count": "count_tokens",
    "openai_objects": "retrieve",
}
PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "azure": "azure.ai.openai"}
_SERVER_ERROR = 500


class Spans:
    """Makes spans of what `gateway.traces` tells. `providers` are names of upstreams, by what the convention has."""

    def __init__(self, settings: TraceSettings, providers: Mapping[str, str], clock: Clock) -> None:
        credential = settings.credential
        headers = {} if credential is None else {settings.header: credential.reveal()}
        self._clock = clock
        self._providers = providers
        self._timeout_s = settings.timeout_s
        self._exporter = Allowed(
            OTLPSpanExporter(endpoint=settings.endpoint, headers=headers, timeout=settings.timeout_s)
        )
        self.provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": "tollhouse"}),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_events=_EVENTS_MAX, max_attributes=64, max_attribute_length=256),
        )
        self.provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter, max_queue_size=4_096, max_export_batch_size=512, schedule_delay_millis=2_000
            )
        )
        self._tracer = self.provider.get_tracer("tollhouse")

    def found(self, call: Call, context: Context | None, finding: Found) -> None:
        """See `gateway.traces.Spans`."""
        said = {
            "tollhouse.kind": finding.kind,
            "tollhouse.direction": finding.direction,
            "tollhouse.action": finding.action,
        }
        self._span(call, context).add_event("tollhouse.finding", said, self._now(call))

    def sending(self, attempt: Attempt, context: Context | None) -> str:
        """See `gateway.traces.Spans`."""
        spoken = self._attempt(attempt, self._span(attempt.call, context)).get_span_context()
        return f"00-{spoken.trace_id:032x}-{spoken.span_id:016x}-01"

    def ended(self, call: Call, context: Context | None) -> None:
        """See `gateway.traces.Spans`."""
        span = self._span(call, context)
        for attempt in call.attempts:
            if attempt.started_ns:
                self._end_attempt(attempt, self._attempt(attempt, span))
        ending = call.ending
        span.set_attributes(_of_call(call))
        if ending is not None:
            said: dict[str, AttributeValue] = {"tollhouse.code": ending.code}
            said |= {
                f"tollhouse.{name}": value
                for name, value in (("limit", ending.limit), ("actual", ending.actual))
                if isinstance(value, int)
            }
            refused = ending.status < _SERVER_ERROR
            span.add_event("tollhouse.refusal" if refused else "tollhouse.failure", said, self._now(call))
            if not refused:
                span.set_status(Status(StatusCode.ERROR))
        span.end(self._now(call))

    async def close(self) -> None:
        """See `gateway.traces.Spans`: a collector that does not answer is waited for once."""
        closing = asyncio.get_running_loop().run_in_executor(None, self.provider.shutdown)
        done, _ = await asyncio.wait([closing], timeout=self._timeout_s)
        if not done:
            self._exporter.shutdown()
            await closing

    def _now(self, call: Call) -> int:
        return _instant(call, self._clock.monotonic_ns())

    def _span(self, call: Call, context: Context | None) -> Span:
        span: Span | None = call.kept.get("spans")
        if span is None:
            parent = None
            if context is not None:
                remote = SpanContext(context.trace_id, context.span_id, True, TraceFlags(context.sampled))
                parent = set_span_in_context(NonRecordingSpan(remote))
            span = call.kept["spans"] = self._tracer.start_span(
                f"{_method(call)} {call.path}", parent, SpanKind.SERVER, start_time=call.started_us * 1_000
            )
        return span

    def _attempt(self, attempt: Attempt, parent: Span) -> Span:
        span: Span | None = attempt.kept.get("span")
        if span is None:
            operation = _operation(attempt.call)
            span = attempt.kept["span"] = self._tracer.start_span(
                f"{operation} {attempt.target.target.model}",
                set_span_in_context(parent),
                SpanKind.CLIENT,
                start_time=_instant(attempt.call, attempt.started_ns),
                attributes={
                    "gen_ai.operation.name": operation,
                    "gen_ai.provider.name": self._providers.get(attempt.target.target.upstream, "tollhouse"),
                },
            )
        return span

    def _end_attempt(self, attempt: Attempt, span: Span) -> None:
        span.set_attributes(_of_attempt(attempt))
        if attempt.failure is not None:
            span.set_status(Status(StatusCode.ERROR))
        call = attempt.call
        span.end(_instant(call, attempt.heard_ns) if attempt.heard_ns else self._now(call))


class Allowed(SpanExporter):
    """Takes from every span what is not on the lists, then exports it."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export copies that hold only what is allowed."""
        return self._exporter.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        """Stop, also in the middle of an export."""
        self._exporter.shutdown()


def _bare(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        span.name,
        span.get_span_context(),
        span.parent,
        span.resource,
        _allowed(span.attributes, _OF_SERVERS if span.kind is SpanKind.SERVER else ATTRIBUTES),
        [
            Event(event.name, _allowed(event.attributes, ATTRIBUTES), event.timestamp)
            for event in span.events
            if event.name in EVENTS
        ],
        (),
        span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _allowed(attributes: Mapping[str, AttributeValue] | None, names: frozenset[str]) -> dict[str, AttributeValue]:
    return {name: value for name, value in (attributes or {}).items() if name in names}


def _instant(call: Call, monotonic_ns: int) -> int:
    """Return ns since 1970 of a moment of the call."""
    return call.started_us * 1_000 + monotonic_ns - call.started_ns


def _method(call: Call) -> str:
    return call.dialect.method if isinstance(call.dialect, ObjectDialect) else "POST"


def _operation(call: Call) -> str:
    return "execute_tool" if call.is_for_tool else _OPERATIONS.get(call.dialect.name, "chat")


def _of_call(call: Call) -> dict[str, AttributeValue]:
    ending = call.ending
    said: dict[str, AttributeValue | None] = {
        "http.request.method": _method(call),
        "http.route": call.path,
        "http.response.status_code": 200 if ending is None else ending.status,
        "error.type": None if ending is None else ending.code,
        "tollhouse.call": call.id,
        "tollhouse.tenant": call.tenant.id if call.tenant is not None else None,
        "tollhouse.key": call.key.id,
        "tollhouse.profile": call.profile.name if call.profile is not None else None,
        "tollhouse.run": None if call.run is None else call.run.id,
        "tollhouse.run_by": call.run_found_by,
        "tollhouse.phase": call.phase,
        "tollhouse.model": None if call.model is None else call.model.label,
        "tollhouse.nano_usd": sum(attempt.charge.nano for attempt in call.attempts if attempt.charge is not None),
        "tollhouse.degraded": call.degraded,
        "tollhouse.decisions": [f"{each['stage']}:{each['decision']}" for each in call.decisions][:_EVENTS_MAX] or None,
        "tollhouse.client_left": True if call.left else None,
        "gen_ai.conversation.id": call.session,
    }
    return {name: value for name, value in said.items() if value is not None}


def _of_attempt(attempt: Attempt) -> dict[str, AttributeValue]:
    call, target, usage = attempt.call, attempt.target.target, attempt.usage
    charge, hold = attempt.charge, attempt.hold
    address = urllib.parse.urlsplit(target.base_url)
    first_ns = attempt.first_event_ns
    said: dict[str, AttributeValue | None] = {
        "gen_ai.request.stream": attempt.request.stream or None,
        "gen_ai.response.time_to_first_chunk": (
            (first_ns - attempt.started_ns) / 1e9 if first_ns is not None and attempt.request.stream else None
        ),
        "gen_ai.usage.input_tokens": None if charge is None else charge.input_tokens,
        "gen_ai.usage.output_tokens": None if charge is None else charge.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens or None if usage is not None else None,
        "gen_ai.usage.cache_write.input_tokens": usage.cache_write_tokens or None if usage is not None else None,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None if usage is not None else None,
        "server.address": address.hostname,
        "server.port": address.port or (443 if address.scheme == "https" else 80),
        "http.response.status_code": attempt.status,
        "error.type": None if attempt.failure is None else attempt.failure.code,
        "tollhouse.attempt": attempt.number,
        "tollhouse.nano_usd": None if charge is None else charge.nano,
        "tollhouse.clamped": True if attempt.clamped else None,
    }
    if call.is_for_tool:
        said["gen_ai.tool.name"] = target.model
    else:
        choices = attempt.request.choices
        said["gen_ai.request.model"] = target.model
        said["gen_ai.request.choice.count"] = choices if choices != 1 else None
        said["gen_ai.output.type"] = "json" if attempt.request.strict_format else None
        said |= {f"gen_ai.request.{name}": _number(attempt.request.tree.get(name)) for name in _NUMBERS}
        said["gen_ai.request.max_tokens"] = None if hold is None else hold.output_tokens // max(1, choices)
        if attempt.complete and call.finish:
            said["gen_ai.response.finish_reasons"] = [call.finish if call.finish in _FINISHES else "other"]
    return {name: value for name, value in said.items() if value is not None}


def _number(value: object) -> float | None:
    """Return what a client set if it is a number: nothing else of a request leaves."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
