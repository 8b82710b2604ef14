"""A disk that is full: nothing is sent unrecorded, nothing ends unrecorded, and what was held stays held."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from agents.scripted import Reply, Rule
from gateway.housekeeping import Housekeeping
from limits.clock import ManualClock
from tests.faults.exact import QUICK, balances, nothing_lost, quiet, script, under_way
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
SLOW = script(
    rules=(
        Rule((Reply(delay_s=0.3),), match="think"),
        Rule((Reply("quiet words, one by one, until the end", event_gap_s=0.03),), match="tell"),
    )
)


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def gate(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Live]:
    async with live(tmp_path, script=SLOW, clock=clock, model={"retries": QUICK}) as gate:
        yield gate


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """Let no file of this process grow (sockets are none)."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


async def _sent(gate: Live) -> None:
    async with asyncio.timeout(5):
        while not gate.upstream.seen:  # noqa: ASYNC110 - the other side tells nobody
            await asyncio.sleep(0.01)


def _code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


async def test_without_a_durable_intent_the_provider_sees_nothing_and_nothing_is_held(gate: Live) -> None:
    run = (await gate.http.post("/v1/runs", json={})).json()
    async with nothing_lost(gate, ended=0, sent=0):
        with full_disk():
            for stream in (False, True):
                reply = await gate.http.post(PATH, json=chat("hello", stream=stream), headers={"x-run-id": run["id"]})
                assert _code(reply) == (503, "audit_unavailable")
        await quiet(gate)
        assert not gate.ledger.books._open
        assert (await gate.http.get("/readyz")).status_code in (200, 503)


async def test_a_refusal_that_cannot_be_written_is_told_as_such(gate: Live) -> None:
    async with nothing_lost(gate, ended=0, sent=0):
        with full_disk():
            reply = await gate.http.post(PATH, json=chat("hello", n="x"))
        assert _code(reply) == (503, "audit_unavailable")


async def test_without_a_durable_outcome_a_plain_reply_is_withheld_and_its_hold_expires_in_full(
    gate: Live, clock: ManualClock
) -> None:
    asking = asyncio.ensure_future(gate.http.post(PATH, json=chat("think")))
    await _sent(gate)
    with full_disk():
        reply = await asking
    assert _code(reply) == (503, "audit_unavailable")
    await _stands_then_expires(gate, clock)


async def test_without_a_durable_outcome_a_stream_ends_with_an_error_and_no_terminal_marker(
    gate: Live, clock: ManualClock
) -> None:
    with contextlib.ExitStack() as disk:
        got: list[str] = []
        async with gate.http.stream("POST", PATH, json=chat("tell", stream=True)) as reply:
            async for piece in reply.aiter_text():
                if not got:
                    disk.enter_context(full_disk())
                got.append(piece)
        said = "".join(got)
    assert '"code":"audit_unavailable"' in said
    assert "[DONE]" not in said
    assert '"finish_reason":"stop"' not in said
    await _stands_then_expires(gate, clock)


async def _stands_then_expires(gate: Live, clock: ManualClock) -> None:
    await quiet(gate)
    assert under_way(gate) == 0
    (hold,) = gate.ledger.books._open.values()
    assert balances(gate).nano == 0
    clock.turn(10_000)
    housekeeping: Housekeeping = gate.app.housekeeping
    await housekeeping.expire()
    assert balances(gate).nano == hold.entry.nano >= gate.upstream.bill.total.nano_dollars
    async with nothing_lost(gate, ended=1):
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200


async def test_an_expiry_that_cannot_be_written_is_written_when_the_disk_has_room_again(
    gate: Live, clock: ManualClock
) -> None:
    asking = asyncio.ensure_future(gate.http.post(PATH, json=chat("think")))
    await _sent(gate)
    with full_disk():
        await asking
        clock.turn(10_000)
        await asyncio.sleep(1.2)
    await asyncio.sleep(1.2)
    written = [record for record in gate.records("ledger") if record["reason"] == "expired"]
    assert written
    async with nothing_lost(gate, ended=1):
        assert (await gate.http.post(PATH, json=chat("hello"))).status_code == 200
