"""What tracing costs a call, in µs: `python -m bench.traces`. Nobody listens where the spans are sent."""

import asyncio
import logging
import time
from collections.abc import Callable

from gateway.call import Call
from gateway.client import Client
from gateway.config.traces import TraceSettings
from gateway.dialects.openai_chat import OpenAIChat
from gateway.spans import Spans
from gateway.traces import Traces
from limits.clock import SystemClock

_CALLS = 4_000  # below what the export's queue takes
_RESTING = "http://127.0.0.1:9/v1/traces"


class _Key:
    id = "key"


async def _nothing() -> dict[str, str]:
    return {}


def _call(headers: list[tuple[bytes, bytes]]) -> Call:
    client = Client({"headers": headers}, _nothing, lambda _: asyncio.sleep(0))
    clock = SystemClock()
    call = Call(f"call_{'f' * 24}", OpenAIChat(), "/v1/chat/completions", client, clock.monotonic_ns(), clock.utc_us())
    call.key = _Key()
    return call


def _micros(do: Callable[[Call], None], calls: list[Call]) -> float:
    began = time.process_time_ns()
    for call in calls:
        do(call)
    return (time.process_time_ns() - began) / len(calls) / 1_000


async def main() -> None:
    """Print each case's CPU time."""
    logging.disable()
    parent = [(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    for words, ratio, headers in (
        ("unsampled", 0.0, []),
        ("unsampled, with the client's traceparent", 0.0, parent),
        ("sampled: one server span", 1.0, []),
    ):
        settings = TraceSettings(endpoint=_RESTING, sample_ratio=ratio, timeout_s=0.01)
        traces = Traces(settings, Spans(settings, {}, SystemClock()))
        taken = _micros(traces.ended, [_call(headers) for _ in range(_CALLS)])
        print(f"{taken:8.2f} µs  {words}")


if __name__ == "__main__":
    asyncio.run(main())
