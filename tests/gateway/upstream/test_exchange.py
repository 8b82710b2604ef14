"""One reply: read as it arrives, within its bounds, its failure told after what came before it."""

import asyncio
import gzip

import pytest

from gateway.upstream.exchange import READ_AHEAD_BYTES_MAX, Exchange, body_failure
from gateway.upstream.failure import UpstreamFailure

CUT = body_failure("cut", "upstream", retryable=True)


class Line:
    """A connection that notes what the exchange asks of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def abort(self) -> None:
        self.asked.append("abort")

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")


def begun(*headers: tuple[bytes, bytes], status: int = 200) -> tuple[Exchange, Line]:
    line = Line()
    exchange = Exchange(line)
    exchange.begin(status, list(headers))
    return exchange, line


async def test_a_head_is_waited_for_and_its_headers_are_read_by_name() -> None:
    exchange = Exchange(Line())
    waiting = asyncio.create_task(exchange.head())
    await asyncio.sleep(0)
    assert not waiting.done()
    exchange.begin(404, [(b"x-id", b"1"), (b"x-id", b"2"), (b"content-type", b"text/\xe4")])
    await waiting
    assert exchange.status == 404
    assert exchange.headers == [("x-id", "1"), ("x-id", "2"), ("content-type", "text/ä")]
    assert (exchange.header("x-id"), exchange.header("content-type"), exchange.header("x")) == ("1", "text/ä", None)


async def test_what_arrived_is_read_at_once_and_the_end_after_it() -> None:
    exchange, line = begun()
    for piece in (b"one ", b"two ", b"three"):
        exchange.take(piece)
    assert await exchange.more() == b"one two three"
    exchange.take(b"!")
    exchange.end()
    assert [await exchange.more(), await exchange.more(), await exchange.more()] == [b"!", b"", b""]
    exchange.abort()
    assert line.asked == [], "the connection is another's by now"


async def test_a_reader_that_waits_is_woken_when_the_connection_says_so() -> None:
    exchange, _ = begun()
    reading = asyncio.create_task(exchange.more())
    await asyncio.sleep(0)
    exchange.wake()
    await asyncio.sleep(0)
    assert not reading.done(), "nothing has come"
    exchange.take(b"x")
    exchange.wake()
    exchange.wake()
    assert await reading == b"x"


async def test_what_came_before_a_failure_is_read_before_it_is_told_again_and_again() -> None:
    exchange, _ = begun()
    exchange.take(b"half")
    exchange.fail(CUT)
    exchange.fail(body_failure("reset", "network", retryable=True))
    assert await exchange.more() == b"half"
    for _ in range(2):
        with pytest.raises(UpstreamFailure, match="cut"):
            await exchange.more()
    failed = Exchange(Line())
    failed.fail(CUT)
    with pytest.raises(UpstreamFailure, match="cut"):
        await failed.head()


async def test_a_failure_after_the_end_is_none() -> None:
    exchange, _ = begun()
    exchange.end()
    exchange.fail(CUT)
    assert await exchange.more() == b""


async def test_a_reader_that_falls_behind_stops_the_socket_once_and_lets_it_go_on_when_it_has_read() -> None:
    exchange, line = begun()
    exchange.take(bytes(READ_AHEAD_BYTES_MAX))
    assert line.asked == []
    exchange.take(b"x")
    exchange.take(b"y")
    assert line.asked == ["pause"]
    assert len(await exchange.more()) == READ_AHEAD_BYTES_MAX + 2
    assert line.asked == ["pause", "resume"]


async def test_a_socket_that_was_stopped_and_then_lost_is_not_asked_to_go_on() -> None:
    exchange, line = begun()
    exchange.take(bytes(READ_AHEAD_BYTES_MAX + 1))
    exchange.fail(CUT)
    await exchange.more()
    assert line.asked == ["pause"]


async def test_a_cancelled_reader_closes_the_connection_once() -> None:
    exchange, line = begun()
    reading = asyncio.create_task(exchange.more())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    exchange.abort()
    assert line.asked == ["abort"]


async def test_the_body_is_read_whole_or_in_pieces_up_to_exactly_its_bound() -> None:
    for bound, fits in ((5, True), (4, False)):
        exchange, line = begun()
        exchange.take(b"hello")
        exchange.end()
        if fits:
            assert await exchange.read(bound) == b"hello"
        else:
            with pytest.raises(UpstreamFailure, match="too_large") as caught:
                await exchange.read(bound)
            assert (caught.value.source, caught.value.sent, caught.value.retryable) == ("upstream", True, False)
        assert line.asked == []


async def test_an_announced_length_beyond_the_bound_closes_before_anything_is_read() -> None:
    exchange, line = begun((b"content-length", b"6"))
    with pytest.raises(UpstreamFailure, match="too_large"):
        exchange.chunks(5)
    assert line.asked == ["abort"]


async def test_a_packed_body_is_unpacked_within_the_bound_and_a_broken_one_is_told() -> None:
    packed = gzip.compress(b"hello " * 10)
    exchange, _ = begun((b"content-encoding", b" GZIP "))
    exchange.take(packed[:10])
    exchange.take(packed[10:])
    exchange.end()
    assert await exchange.read(100) == b"hello " * 10
    for raw, bound, cause in ((packed, 50, "too_large"), (packed[:-4], 100, "encoding"), (b"nope", 100, "encoding")):
        exchange, _ = begun((b"content-encoding", b"gzip"))
        exchange.take(raw)
        exchange.end()
        with pytest.raises(UpstreamFailure, match=cause):
            await exchange.read(bound)


@pytest.mark.parametrize(("encoding", "known"), [(b"identity", True), (b"", True), (b"br", False), (b"zstd", False)])
async def test_a_coding_that_was_not_asked_for_is_refused(encoding: bytes, *, known: bool) -> None:
    exchange, line = begun((b"content-encoding", encoding))
    exchange.take(b"x")
    exchange.end()
    if known:
        assert await exchange.read(1) == b"x"
    else:
        with pytest.raises(UpstreamFailure, match="encoding"):
            exchange.chunks(1)
    assert line.asked == []
