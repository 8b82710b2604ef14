"""Whatever a provider does, a call ends in time, in the client's dialect, and is charged by rule."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agents.scripted import Fault, Reply, Rule
from tests.faults.exact import ECHO, QUICK, balances, marks, nothing_lost, script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
SECRET = "sk-upstream-credential-0123456789"
TIMEOUTS = {"connect_s": 0.5, "first_byte_s": 0.5, "idle_s": 0.5, "total_s": 5}
BOUNDS = {"reply_bytes_max": 2 << 20, "event_bytes_max": 65_536}


@pytest.fixture(scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    up = {"timeouts": TIMEOUTS, "breaker": {"failures_max": 1_000}}
    profiles = [{"name": "default", "usage_wait_s": 0.3, "call": {"output_tokens_default": 300}}]
    folder = tmp_path_factory.mktemp("gate")
    async with live(folder, script=ECHO, bounds=BOUNDS, up=up, model={"retries": QUICK}, profiles=profiles) as gate:
        yield gate


async def ask(gate: Live, text: str = "one two three", **members: Any) -> httpx.Response:
    return await gate.http.post(PATH, json=chat(text, **members))


def error_of(reply: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = reply.json()["error"]
    return error


def new_marks(gate: Live, before: int) -> list[str]:
    return marks(gate)[before:]


async def test_a_refused_connection_is_retried_and_then_502_and_free(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        spent, before = balances(gate).nano, len(marks(gate))
        await gate.upstream.refuse()
        try:
            reply = await ask(gate)
        finally:
            await gate.upstream.accept()
        assert (reply.status_code, error_of(reply)["code"]) == (502, "upstream_error")
        assert new_marks(gate, before) == ["released"] * 3
        assert balances(gate).nano == spent
        assert [r for r in gate.records("outcome")[-1]["decisions"] if r["decision"] == "retry"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_hangs_is_given_up_in_time_and_charged_in_full(gate: Live, stream: bool) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("hang", times=1)
        spent, before, start = balances(gate).nano, len(marks(gate)), time.monotonic()
        gate.upstream.fault("status", status=400, times=1)
        reply = await ask(gate, stream=stream)
        assert time.monotonic() - start < 5
        assert reply.status_code == 400
        hold = gate.records("intent")[-2]["hold"]["nano_usd"]
        assert new_marks(gate, before) == ["uncertain", "released"]
        assert balances(gate).nano == spent + hold
        gate.upstream.model.seen.popleft()


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_request_that_the_provider_rejects_is_not_sent_again(gate: Live, status: int) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("status", status=status, body="secret words of the provider")
        before = len(marks(gate))
        reply = await ask(gate)
        error = error_of(reply)
        assert (reply.status_code, error["code"]) == (status, "upstream_rejected")
        assert str(status) in error["message"]
        assert "secret words" not in reply.text, "what is no error body is not passed on"
        assert reply.headers["x-should-retry"] == "false"
        assert new_marks(gate, before) == ["released"]


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_our_own_credential_s_refusal_tells_the_client_nothing_of_it(gate: Live, status: int) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("status", status=status, body=f"bad key {SECRET}")
        reply = await ask(gate)
        assert (reply.status_code, error_of(reply)["code"]) == (502, "upstream_error")
        assert SECRET not in reply.text
        assert SECRET not in json.dumps(gate.records())


async def test_a_status_counts_whatever_becomes_of_its_body(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("status", status=400, body="x" * 200_000)
        before = len(marks(gate))
        reply = await ask(gate)
        assert "status 400" in error_of(reply)["message"]
        assert new_marks(gate, before) == ["released"]


async def test_a_rate_limit_is_waited_for_as_the_provider_asks(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=2):
        gate.upstream.fault("status", status=429, retry_after_s=0.4, times=1)
        start, before = time.monotonic(), len(marks(gate))
        reply = await ask(gate)
        assert reply.status_code == 200
        assert time.monotonic() - start >= 0.4
        assert new_marks(gate, before) == ["released", "billed"]


async def test_a_rate_limit_for_too_long_is_handed_on_with_its_wait(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("status", status=429, retry_after_s=90)
        reply = await ask(gate)
        assert (reply.status_code, error_of(reply)["code"]) == (429, "upstream_rate_limited")
        assert 90 <= int(reply.headers["retry-after"]) <= 91


async def test_server_errors_are_retried_with_pauses_until_it_works(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=3):
        gate.upstream.fault("status", status=503, times=2)
        before = len(marks(gate))
        reply = await ask(gate)
        assert reply.status_code == 200
        assert new_marks(gate, before) == ["released", "released", "billed"]
        retries = [d for d in gate.records("outcome")[-1]["decisions"] if d["decision"] == "retry"]
        assert [retry["attempt"] for retry in retries] == [2, 3]


async def test_server_errors_that_do_not_end_are_502_after_the_last_retry(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=3):
        gate.upstream.fault("status", status=500)
        reply = await ask(gate)
        assert (reply.status_code, error_of(reply)["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("kind", ["broken_json", "reset", "lose_reply", "huge_event", "gzip_bomb"])
async def test_a_plain_reply_that_cannot_be_read_is_an_error_and_its_whole_hold_is_charged(
    gate: Live, kind: str
) -> None:
    async with nothing_lost(gate, ended=1):
        gate.upstream.fault(kind, size_bytes=10_000_000)
        spent, before = balances(gate).nano, len(marks(gate))
        reply = await ask(gate)
        assert (reply.status_code, error_of(reply)["code"]) == (502, "upstream_error")
        made = new_marks(gate, before)
        assert made == ["uncertain"] * len(made)
        holds = [record["hold"]["nano_usd"] for record in gate.records("intent")[-len(made) :]]
        assert balances(gate).nano == spent + sum(holds)


@pytest.mark.parametrize("kind", ["broken_json", "reset", "huge_event", "no_finish"])
async def test_after_the_first_released_event_a_broken_stream_ends_with_the_error_event(gate: Live, kind: str) -> None:
    text = "a quiet text without any end to speak of, told slowly"
    async with nothing_lost(gate, ended=1, sent=1):
        fault = Fault(kind, after_events=9, size_bytes=10_000_000)  # type: ignore[arg-type]
        gate.upstream.play(script(rules=(Rule((Reply(text, event_gap_s=0.01, fault=fault),), match="slowly"),)))
        before = len(marks(gate))
        reply = await ask(gate, text, stream=True)
        events = [line for line in reply.text.split("\n\n") if line]
        assert reply.status_code == 200
        assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "upstream_error"
        assert "[DONE]" not in reply.text
        assert '"finish_reason":"stop"' not in reply.text
        assert new_marks(gate, before) == ["uncertain"]


async def test_a_line_that_is_no_event_is_skipped_as_the_format_says(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("broken_sse", after_events=3)
        reply = await ask(gate, stream=True)
        assert reply.text.endswith("data: [DONE]\n\n")
        assert "error" not in reply.text


async def test_a_stream_that_breaks_before_any_content_is_tried_again_unseen(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=2):
        gate.upstream.fault("reset", after_events=1, times=1)
        reply = await ask(gate, stream=True)
        assert reply.text.endswith("data: [DONE]\n\n")
        assert "error" not in reply.text


async def test_a_packed_bomb_in_a_stream_stops_at_the_bound(gate: Live) -> None:
    async with nothing_lost(gate, ended=1):
        gate.upstream.fault("gzip_bomb", size_bytes=50_000_000)
        reply = await ask(gate, stream=True)
        assert (reply.status_code, error_of(reply)["code"]) == (502, "upstream_error")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_without_usage_is_counted_by_us(gate: Live, stream: bool) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.fault("no_usage")
        spent, before = balances(gate).nano, len(marks(gate))
        reply = await ask(gate, "one two three", stream=stream)
        assert reply.status_code == 200
        assert new_marks(gate, before) == ["counted"]
        assert 0 < balances(gate).nano - spent < 100_000


async def test_usage_that_nobody_can_have_is_not_charged_and_its_bound_is_suspended(gate: Live) -> None:
    async with nothing_lost(gate, ended=2, sent=1):
        gate.upstream.fault("absurd_usage")
        spent, before = balances(gate).nano, len(marks(gate))
        assert (await ask(gate)).status_code == 200
        assert new_marks(gate, before) == ["implausible"]
        hold = gate.records("intent")[-1]["hold"]
        assert balances(gate).nano - spent == hold["nano_usd"]
        again = await ask(gate)
        assert (again.status_code, error_of(again)["code"]) == (400, "unbounded_cost")
        assert hold["id"] in error_of(again)["message"]
        gate.ledger.books.marks.suspended.clear()


@pytest.mark.parametrize(("above", "mark"), [(1.0, "billed"), (1.1, "overrun"), (1.2, "implausible")])
async def test_usage_above_the_hold_is_charged_up_to_a_tenth_above_it(gate: Live, above: float, mark: str) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        gate.upstream.play(script(rules=(Rule((Reply("ok", completion_tokens=round(100 * above)),), match="say ok"),)))
        spent, before = balances(gate).nano, len(marks(gate))
        assert (await ask(gate, "say ok", max_tokens=100)).status_code == 200
        hold = gate.records("intent")[-1]["hold"]
        billed = gate.upstream.bill.entries[-1].nano_dollars
        assert new_marks(gate, before) == [mark]
        assert balances(gate).nano - spent == (hold["nano_usd"] if mark == "implausible" else billed)
        gate.ledger.books.marks.suspended.clear()


async def test_bytes_that_trickle_forever_end_with_the_call_s_deadline_or_the_upstream_s_total(gate: Live) -> None:
    async with nothing_lost(gate, ended=1):
        gate.upstream.fault("trickle", delay_s=0.2, times=1)
        gate.upstream.fault("status", status=400)
        start = time.monotonic()
        reply = await ask(gate)
        assert reply.status_code == 400
        assert time.monotonic() - start < 8


async def test_many_calls_at_once_over_a_provider_that_misbehaves_at_random_lose_nothing(gate: Live) -> None:
    kinds = ["reset", "broken_json", "no_usage", "lose_reply", "no_finish"]
    async with nothing_lost(gate, ended=40):
        for at in range(30):
            gate.upstream.fault(kinds[at % len(kinds)], times=1)
        before = balances(gate).nano
        billed = gate.upstream.bill.total.nano_dollars
        replies = await asyncio.gather(*(ask(gate, f"call {at}", stream=at % 2 == 0) for at in range(40)))
        assert all(reply.status_code in (200, 502) for reply in replies)
        assert balances(gate).nano - before >= gate.upstream.bill.total.nano_dollars - billed
