"""A client may leave at any moment: what was sent is charged by rule, nothing is held, its record says that it left."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from agents.scripted import Reply, Rule
from tests.faults.exact import balances, ends, marks, nothing_lost, quiet, script
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
SLOW = script(
    rules=(
        Rule((Reply(delay_s=0.3),), match="think"),
        Rule((Reply("a long story told in many small events, all of it quiet", event_gap_s=0.02),), match="tell"),
        Rule((Reply("word " * 200, event_gap_s=0.1, event_chars=5),), match="endless"),
    )
)
PROFILES = [
    {"name": "default", "drain_s": 3},
    {"name": "cut", "on_leave": "cancel"},
    {"name": "brief", "drain_s": 0.2},
]


@pytest.fixture(scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live(tmp_path_factory.mktemp("gate"), script=SLOW, profiles=PROFILES) as gate:
        yield gate


async def leave(
    gate: Live, text: str, until: Callable[[asyncio.StreamReader], Awaitable[Any]], token: str = "", **members: Any
) -> None:
    """Send a whole request, wait for `until`, and close the socket."""
    body = json.dumps(chat(text, **members)).encode()
    await _send(gate, body, len(body), until, token or gate.token)


async def _send(
    gate: Live, body: bytes, said: int, until: Callable[[asyncio.StreamReader], Awaitable[Any]], token: str
) -> None:
    host, port = gate.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-length: {said}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    async with asyncio.timeout(10):
        await until(reader)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def after(seconds: float) -> Callable[[asyncio.StreamReader], Awaitable[None]]:
    return lambda _: asyncio.sleep(seconds)


def seen(words: bytes) -> Callable[[asyncio.StreamReader], Awaitable[bytes]]:
    return lambda reader: reader.readuntil(words)


async def _all_ended(gate: Live, number: int) -> None:
    async with asyncio.timeout(15):
        while len(ends(gate)) < number:  # noqa: ASYNC110 - the book tells nobody
            await asyncio.sleep(0.02)
    await quiet(gate)


def last(gate: Live) -> dict[str, Any]:
    return ends(gate)[-1]


async def test_before_the_body_s_end_nothing_was_asked_and_nothing_is_charged(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        spent = balances(gate).nano
        await _send(gate, b'{"model"', 4_000, after(0.05), gate.token)
        await asyncio.sleep(0.05)
        await quiet(gate)
        assert last(gate)["status"]["code"] == "client_left"
        assert balances(gate).nano == spent


async def test_a_plain_call_finishes_and_is_billed_though_nobody_reads_it(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        before = balances(gate).nano, gate.upstream.bill.total.nano_dollars
        await leave(gate, "think", after(0.1))
        await asyncio.sleep(0.3)
        await quiet(gate)
        assert last(gate)["status"] == {"http": 200, "finish": "stop", "left": 1}
        assert marks(gate)[-1] == "billed"
        assert balances(gate).nano - before[0] == gate.upstream.bill.total.nano_dollars - before[1] > 0


async def test_a_stream_is_read_on_to_its_usage(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        before = balances(gate).nano, gate.upstream.bill.total.nano_dollars
        await leave(gate, "tell", seen(b"long"), stream=True)
        await asyncio.sleep(0.05)
        await quiet(gate)
        assert last(gate)["status"]["left"] == 1
        assert marks(gate)[-1] == "billed"
        assert balances(gate).nano - before[0] == gate.upstream.bill.total.nano_dollars - before[1] > 0


async def test_a_stream_that_does_not_end_in_time_is_cut_and_charged_in_full(gate: Live) -> None:
    token = await gate.new_key(profile="brief")
    async with nothing_lost(gate, ended=1, sent=1):
        spent = balances(gate).nano
        await leave(gate, "endless", seen(b"content"), token, stream=True, max_tokens=500)
        await asyncio.sleep(0.05)
        await quiet(gate)
        record = last(gate)
        assert record["status"] == {"http": 499, "code": "client_left", "left": 1}
        assert marks(gate)[-1] == "uncertain"
        assert balances(gate).nano - spent == gate.records("intent")[-1]["hold"]["nano_usd"]


async def test_a_profile_that_cancels_charges_what_was_counted_and_says_so(gate: Live) -> None:
    token = await gate.new_key(profile="cut")
    async with nothing_lost(gate, ended=1, sent=1):
        spent = balances(gate).nano
        await leave(gate, "endless", seen(b"word"), token, stream=True, max_tokens=500)
        await asyncio.sleep(0.05)
        await quiet(gate)
        assert marks(gate)[-1] == "counted"
        assert 0 < balances(gate).nano - spent < gate.records("intent")[-1]["hold"]["nano_usd"]
    async with asyncio.timeout(5):
        while gate.upstream.connections > 1:  # noqa: ASYNC110 - the other side's sockets tell nobody
            await asyncio.sleep(0.01)


async def test_a_stream_left_while_the_provider_thinks_is_read_on_too(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        await leave(gate, "think", after(0.1), stream=True)
        await asyncio.sleep(0.05)
        await quiet(gate)
        assert marks(gate)[-1] == "billed"


@pytest.mark.parametrize("profile", ["default", "cut", "brief"])
async def test_leaving_at_a_random_moment_never_loses_anything(gate: Live, profile: str) -> None:
    token = await gate.new_key(profile=profile)
    chance = random.Random(profile)
    texts = ("quick", "think", "tell")
    async with nothing_lost(gate, ended=60):
        before = balances(gate).nano, gate.upstream.bill.total.nano_dollars
        first = len(ends(gate))
        await asyncio.gather(
            *(
                leave(
                    gate,
                    f"{chance.choice(texts)} {at}",
                    after(chance.expovariate(20)),
                    token,
                    stream=chance.random() < 0.6,
                )
                for at in range(60)
            )
        )
        await _all_ended(gate, first + 60)
        assert gate.upstream.bill.total.nano_dollars - before[1] <= balances(gate).nano - before[0] or profile == "cut"
