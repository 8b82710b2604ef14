"""One connection, its other end in the test's hand: one request, one reply, and used again only if all was clean."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.outbox import Outbox
from gateway.upstream.connection import Connection, HeadBounds
from gateway.upstream.exchange import READ_AHEAD_BYTES_MAX, Exchange
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts
from gateway.upstream.wire import Origin
from tests.gateway.upstream.provider import facts, until

ORIGIN = Origin("provider.example", 80, tls=False)
HEAD = b"POST / HTTP/1.1\r\nhost: provider.example\r\ncontent-length: "
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = Timeouts(connect_s=5.0, first_byte_s=5.0, idle_s=5.0, total_s=5.0)
NEVER_S = float("inf")


class Pair:
    """A connection and the socket at its other end; `told` is what the pool would have heard."""

    def __init__(self, ours: socket.socket, theirs: socket.socket, bounds: HeadBounds) -> None:
        self.theirs = theirs
        self.told: list[str] = []
        self.made = Connection(
            ORIGIN,
            ours,
            bounds,
            Outbox(),
            on_served=lambda _: self.told.append("served"),
            on_idle=lambda _: self.told.append("idle"),
            on_lost=lambda _: self.told.append("lost"),
        )

    async def send(self, body: bytes = b"{}", timeouts: Timeouts = LONG, total_at_s: float = NEVER_S) -> Exchange:
        return await self.made.send(HEAD, body, timeouts, total_at_s)

    async def ask(self, answer: bytes, size_bytes_max: int = 100) -> bytes:
        """Send a request, answer it, read the reply's body."""
        sending = asyncio.create_task(self.send())
        await asyncio.sleep(0)
        await self.say(answer)
        return await (await sending).read(size_bytes_max)

    async def say(self, answer: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.theirs, answer)

    async def heard(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.theirs, 1_000_000)

    async def fails(self, answer: bytes, *, then_closes: bool = False) -> UpstreamFailure:
        sending = asyncio.create_task(self.send())
        await asyncio.sleep(0)
        await self.say(answer)
        if then_closes:
            self.theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(UpstreamFailure) as caught:
            await (await sending).read(1_000_000)
        return caught.value


async def pair_of(bounds: HeadBounds) -> Pair:
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    pair = Pair(ours, theirs, bounds)
    await asyncio.get_running_loop().create_connection(lambda: pair.made, sock=ours)
    return pair


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    opened = await pair_of(HeadBounds())
    yield opened
    opened.made.close()
    opened.theirs.close()
    await asyncio.sleep(0.01)
    assert opened.told.count("lost") == 1


async def test_one_request_after_another_is_written_with_its_length_and_answered(pair: Pair) -> None:
    for number in range(1, 4):
        assert await pair.ask(OK) == b"ok"
        assert await pair.heard() == HEAD + b"2\r\n\r\n{}"
        assert (pair.made.served, pair.made.is_usable()) == (number, True)
    assert pair.told == ["served", "idle"] * 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 9\r\n\r\n" + OK,
        CHUNKED + b"1\r\no\r\n1\r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n",
    ],
)
async def test_interim_heads_are_passed_over_and_trailers_dropped(pair: Pair, answer: bytes) -> None:
    assert await pair.ask(answer) == b"ok"
    assert pair.told == ["served", "idle"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"more",
        OK + OK,
    ],
)
async def test_after_a_close_or_bytes_that_nobody_asked_for_it_is_not_used_again(pair: Pair, answer: bytes) -> None:
    assert await pair.ask(answer) == b"ok"
    assert pair.told == ["served", "lost"]
    assert not pair.made.is_usable()
    with pytest.raises(UpstreamFailure) as caught:
        await pair.send()
    assert facts(caught.value) == ("reset", "network", "connect", False, True)


async def test_bytes_that_come_while_it_is_idle_close_it(pair: Pair) -> None:
    await pair.ask(OK)
    await pair.say(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert not pair.made.is_usable(), "seen in the socket before the loop has read it"
    await until(lambda: pair.made.closed)
    assert pair.told == ["served", "idle", "lost"]


async def test_a_provider_that_hangs_up_while_it_is_idle_is_seen_before_the_next_request(pair: Pair) -> None:
    await pair.ask(OK)
    pair.theirs.close()
    assert not pair.made.is_usable()


async def test_a_body_without_a_length_ends_with_the_connection_and_one_with_a_length_is_cut_by_it(pair: Pair) -> None:
    sending = asyncio.create_task(pair.send())
    await asyncio.sleep(0)
    await pair.say(b"HTTP/1.1 200 OK\r\n\r\nto the end")
    reply = await sending
    pair.theirs.shutdown(socket.SHUT_WR)
    assert await reply.read(100) == b"to the end"
    assert pair.told == ["served", "lost"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ("cut", "upstream", "body", True, True)),
        (CHUNKED + b"3\r\nabc\r\n", ("cut", "upstream", "body", True, True)),
        (b"HTTP/1.1 200 OK\r\nContent-Le", ("reset", "network", "first_byte", True, True)),
        (b"", ("reset", "network", "first_byte", True, True)),
    ],
)
async def test_a_reply_that_ends_too_early_is_told_by_how_far_it_got(
    pair: Pair, answer: bytes, told: tuple[str, str, str, bool, bool]
) -> None:
    assert facts(await pair.fails(answer, then_closes=True)) == told


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        CHUNKED + b"zz\r\n",
    ],
)
async def test_a_reply_that_two_readers_could_read_differently_breaks_the_connection(pair: Pair, answer: bytes) -> None:
    failure = await pair.fails(answer)
    assert (failure.cause, failure.source, failure.sent) == ("protocol", "upstream", True)
    assert pair.told == ["lost"]


@pytest.mark.parametrize(
    ("bounds", "head", "fits"),
    [
        (HeadBounds(headers_max=3), b"X-A: 1\r\nX-B: 2\r\n", True),
        (HeadBounds(headers_max=2), b"X-A: 1\r\nX-B: 2\r\n", False),
        (HeadBounds(head_bytes_max=200), b"X-A: " + b"a" * 100 + b"\r\n", True),
        (HeadBounds(head_bytes_max=200), b"X-A: " + b"a" * 200 + b"\r\n", False),
    ],
)
async def test_a_head_within_its_bounds_is_read_and_one_beyond_is_not(
    bounds: HeadBounds, head: bytes, *, fits: bool
) -> None:
    pair = await pair_of(bounds)
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 2\r\n\r\nok"
    if fits:
        assert await pair.ask(answer) == b"ok"
    else:
        assert (await pair.fails(answer)).cause == "protocol"
    pair.made.close()
    pair.theirs.close()
    await asyncio.sleep(0.01)


async def test_a_head_that_trickles_in_is_bounded_by_what_arrived_not_by_what_was_parsed() -> None:
    pair = await pair_of(HeadBounds(head_bytes_max=1_000))
    sending = asyncio.create_task(pair.send())
    await asyncio.sleep(0)
    await pair.say(b"HTTP/1.1 200 OK\r\nX-A: ")
    for _ in range(11):
        await pair.say(b"a" * 100)
        await asyncio.sleep(0)
    with pytest.raises(UpstreamFailure, match="protocol"):
        await sending
    pair.theirs.close()
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("answer", "timeouts", "cause"),
    [
        (b"", replace(LONG, first_byte_s=0.05), "first_byte_timeout"),
        (CHUNKED, replace(LONG, idle_s=0.05), "idle_timeout"),
        (CHUNKED + b"1\r\nx\r\n", replace(LONG, idle_s=0.05), "idle_timeout"),
    ],
)
async def test_silence_is_told_by_where_it_fell(pair: Pair, answer: bytes, timeouts: Timeouts, cause: str) -> None:
    sending = asyncio.create_task(pair.send(timeouts=timeouts))
    await asyncio.sleep(0)
    await pair.say(answer)
    with pytest.raises(UpstreamFailure) as caught:
        await (await sending).read(100)
    assert (caught.value.cause, caught.value.source, caught.value.retryable) == (cause, "network", True)


@pytest.mark.parametrize("answer", [b"", CHUNKED])
async def test_the_deadline_ends_any_phase_and_is_not_tried_again(pair: Pair, answer: bytes) -> None:
    at_s = asyncio.get_running_loop().time() + 0.05
    sending = asyncio.create_task(pair.send(total_at_s=at_s))
    await asyncio.sleep(0)
    await pair.say(answer)
    with pytest.raises(UpstreamFailure) as caught:
        await (await sending).read(100)
    assert (caught.value.cause, caught.value.retryable) == ("deadline", False)


async def test_a_reply_before_the_whole_request_has_left_is_read_and_the_connection_is_not_used_again(
    pair: Pair,
) -> None:
    sending = asyncio.create_task(pair.send(body=bytes(20_000_000)))
    await until(lambda: pair.made._drained is not None)
    await pair.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
    reply = await sending
    assert (reply.status, await reply.read(100)) == (413, b"big")
    await until(lambda: pair.made.closed)
    assert pair.told == ["served", "lost"]


async def test_a_provider_lost_while_the_request_leaves_is_a_reset_while_sending(pair: Pair) -> None:
    sending = asyncio.create_task(pair.send(body=bytes(20_000_000)))
    await until(lambda: pair.made._drained is not None)
    pair.theirs.close()
    with pytest.raises(UpstreamFailure) as caught:
        await sending
    assert facts(caught.value) == ("reset", "network", "send", True, True)


async def test_cancelling_while_the_request_leaves_closes_the_connection(pair: Pair) -> None:
    sending = asyncio.create_task(pair.send(body=bytes(20_000_000)))
    await until(lambda: pair.made._drained is not None)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert pair.made.closed


async def test_closing_it_fails_the_reply_that_is_still_read(pair: Pair) -> None:
    sending = asyncio.create_task(pair.send())
    await asyncio.sleep(0)
    await pair.say(CHUNKED)
    reply = await sending
    pair.made.close()
    with pytest.raises(UpstreamFailure, match="reset"):
        await reply.read(100)
    pair.made.abort()
    assert pair.told == ["lost"]


async def test_a_reader_that_falls_behind_holds_the_provider_back_and_silence_is_not_held_against_it(
    pair: Pair,
) -> None:
    size = 8 * READ_AHEAD_BYTES_MAX
    sending = asyncio.create_task(pair.send(timeouts=replace(LONG, idle_s=0.05)))
    await asyncio.sleep(0)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    saying = asyncio.create_task(pair.say(answer))
    reply = await sending
    await until(lambda: pair.made._paused)
    await asyncio.sleep(0.1)
    assert not saying.done()
    assert reply._ahead_bytes < 3 * READ_AHEAD_BYTES_MAX
    assert len(await reply.read(size)) == size
    await saying
    assert pair.told == ["served", "idle"]
