"""What is aiohttp's own under the `Upstream`'s promises: how far a body got, how its errors are told, what is kept."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from agents.scripted import ScriptedServer
from gateway.upstream import wire
from gateway.upstream.aiohttp_client import HOP_BY_HOP, PIECE_BYTES, URLS_MAX, AiohttpUpstream, _failure, _WatchedBody
from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamRequest
from tests.gateway.upstream.provider import LOCAL, facts, raw_server, saying


class Writer(aiohttp.abc.AbstractStreamWriter):
    """Takes pieces, and breaks off after some."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.pieces: list[int] = []
        self._breaks_after = breaks_after

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        if len(self.pieces) == self._breaks_after:
            raise ConnectionResetError
        self.pieces.append(len(chunk))

    async def write_eof(self, chunk: bytes = b"") -> None: ...

    async def drain(self) -> None: ...

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None: ...

    def enable_chunking(self) -> None: ...

    async def write_headers(self, status_line: str, headers: object) -> None: ...


def test_both_implementations_keep_the_same_headers_to_themselves() -> None:
    assert HOP_BY_HOP == wire.HOP_BY_HOP


@pytest.mark.parametrize(
    ("size", "pieces"),
    [(1, [1]), (PIECE_BYTES, [PIECE_BYTES]), (PIECE_BYTES + 1, [PIECE_BYTES, 1]), (3 * PIECE_BYTES, [PIECE_BYTES] * 3)],
)
async def test_a_body_goes_out_in_bounded_pieces_and_remembers_that_it_went(size: int, pieces: list[int]) -> None:
    body, writer = _WatchedBody(b"x" * size), Writer()
    assert (body.began, body.ended, body.decode()) == (False, False, "x" * size)
    await body.write(writer)
    assert (writer.pieces, body.began, body.ended) == (pieces, True, True)


async def test_a_body_that_broke_off_has_begun_and_not_ended() -> None:
    body = _WatchedBody(b"x" * 3 * PIECE_BYTES)
    with pytest.raises(ConnectionResetError):
        await body.write(Writer(breaks_after=1))
    assert (body.began, body.ended) == (True, False)


def gone(*, began: bool, ended: bool) -> _WatchedBody:
    body = _WatchedBody(b"{}")
    body.began, body.ended = began, ended
    return body


@pytest.mark.parametrize(
    ("error", "cause", "source", "retryable"),
    [
        (aiohttp.InvalidURL("x"), "bad_request", "us", False),
        (ValueError("a line end"), "bad_request", "us", False),
        (aiohttp.SocketTimeoutError(), "first_byte_timeout", "network", True),
        (TimeoutError(), "deadline", "network", False),
        (aiohttp.ServerDisconnectedError(), "reset", "network", True),
        (OSError("gone"), "reset", "network", True),
    ],
)
async def test_each_error_is_told_with_how_far_the_body_had_got(
    error: Exception, cause: str, source: str, *, retryable: bool
) -> None:
    for began, ended, phase in ((False, False, "connect"), (True, False, "send"), (True, True, "first_byte")):
        told = facts(_failure(error, gone(began=began, ended=ended)))
        assert told == (cause, source, phase, began, retryable)
    assert facts(_failure(error, None)) == (cause, source, "first_byte", True, retryable), "no body: all of it was sent"


@pytest.fixture
async def upstream() -> AsyncIterator[AiohttpUpstream]:
    async with AiohttpUpstream(egress=LOCAL) as opened:
        yield opened


async def test_a_session_is_opened_with_the_first_send_and_anew_after_a_close(upstream: AiohttpUpstream) -> None:
    await upstream.close()
    async with ScriptedServer() as server:
        for _ in range(2):
            reply = await upstream.send(UpstreamRequest("GET", f"{server.url}/v1/nowhere", []))
            await reply.read(10_000)
            await upstream.close()
            await upstream.close()


async def test_parsed_urls_are_kept_within_a_bound(upstream: AiohttpUpstream) -> None:
    for number in range(URLS_MAX + 1):
        upstream._url(f"http://example.com/{number}")
    assert len(upstream._urls) == 1
    assert upstream._url("http://example.com/a%2Fb").raw_path == "/a%2Fb", "the path goes out as it was written"


async def test_a_reader_that_is_cancelled_closes_its_connection(upstream: AiohttpUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    async with raw_server(saying(head, then_wait_s=5.0)) as url:
        reply = await upstream.send(UpstreamRequest("POST", url, [], b"{}", Timeouts(1.0, 5.0, 5.0, 5.0)))
        chunks = reply.chunks(1_000)
        assert await anext(chunks) == b"half"
        reading = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert reply._response.closed


async def test_the_deadline_in_a_body_is_no_idle_timeout(upstream: AiohttpUpstream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    async with raw_server(saying(head, then_wait_s=5.0)) as url:
        for timeouts, cause in (
            (Timeouts(1.0, 5.0, 5.0, 0.1), "deadline"),
            (Timeouts(1.0, 5.0, 0.1, 5.0), "idle_timeout"),
        ):
            reply = await upstream.send(UpstreamRequest("POST", url, [], b"{}", timeouts))
            with pytest.raises(UpstreamFailure, match=cause):
                await reply.read(1_000)
