from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.traces import TraceSettings
from gateway.traces import Context, Traces, context_of
from tests.gateway.live import chat, live
from tests.gateway.talk import Talk

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = PARENT[:-2] + "00"

pytestmark = pytest.mark.anyio


def test_a_traceparent_is_read_as_the_standard_says() -> None:
    assert context_of(PARENT) == Context(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, True)
    assert context_of(UNSAMPLED) == Context(0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, False)
    assert context_of("cc" + PARENT[2:] + "-what-a-later-version-adds") is not None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        PARENT.upper(),
        "ff" + PARENT[2:],
        PARENT + "-more",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        PARENT + "-" + "x" * 600,
    ],
)
def test_a_traceparent_that_is_not_valid_begins_a_new_trace(wrong: str) -> None:
    assert context_of(wrong) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_of_a_traceparent(text: str) -> None:
    context_of(text)


async def test_the_share_of_calls_that_is_sampled_is_the_configured_one() -> None:
    traces = Traces(TraceSettings(sample_ratio=0.25), None)
    call = Talk().call
    sampled = 0
    for number in range(1_000):
        call.id = f"call_{number * 0x1_0000_0000 // 1_000:08x}0000000000000000"
        sampled += traces.is_sampled(call)
    assert sampled == 250


async def test_the_client_says_whether_a_call_is_sampled_unless_that_is_forbidden() -> None:
    call = Talk().call
    call.id = "call_" + "0" * 24
    call.caller.headers["traceparent"] = UNSAMPLED  # type: ignore[index]
    assert not Traces(TraceSettings(sample_ratio=1), None).is_sampled(call)
    assert Traces(TraceSettings(sample_ratio=1, follow_client=False), None).is_sampled(call)


async def test_without_a_collector_the_clients_context_goes_on_to_the_upstreams_that_may_have_it(
    tmp_path: Path,
) -> None:
    async with live(tmp_path, traces={"pass_to": ["up"]}) as gate:
        headers = {"traceparent": PARENT, "tracestate": "a=1,b=2", "baggage": "secret=1"}
        await gate.http.post("/v1/chat/completions", json=chat("hello"), headers=headers)
        await gate.http.post("/v1/chat/completions", json=chat("hello"), headers={"traceparent": "rubbish"})
        first, second = (seen.headers for seen in gate.upstream.seen)
    assert (first["traceparent"], first["tracestate"]) == (PARENT, "a=1,b=2")
    assert "baggage" not in first
    assert not {"traceparent", "tracestate"} & second.keys()


async def test_no_upstream_gets_the_context_unless_it_is_named(tmp_path: Path) -> None:
    async with live(tmp_path) as gate:
        await gate.http.post("/v1/chat/completions", json=chat("hello"), headers={"traceparent": PARENT})
        (seen,) = gate.upstream.seen
    assert not {"traceparent", "tracestate"} & seen.headers.keys()
