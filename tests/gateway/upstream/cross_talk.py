"""A reply that reaches another caller is a breach of data: `python -m tests.gateway.upstream.cross_talk 1000000`.

Mixed requests over few connections, each with its own number. The provider repeats the number in a header and all
through the body, in every framing there is; it dawdles, cuts, closes and says too much. The callers cancel, give up,
stop reading and time out at any moment. Whoever gets a reply looks at every byte of it.
"""

import argparse
import asyncio
import random
import time
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

import httptools
import uvloop

from gateway.upstream.failure import UpstreamFailure
from gateway.upstream.interface import Timeouts, UpstreamReply, UpstreamRequest
from gateway.upstream.pool import PoolUpstream
from tests.gateway.upstream.provider import LOCAL, Client

WORDS = 40
TIMES = Timeouts(connect_s=5.0, first_byte_s=2.0, idle_s=2.0, total_s=10.0)
HASTY = Timeouts(connect_s=5.0, first_byte_s=0.004, idle_s=0.002, total_s=2.0)


class CrossTalkError(Exception):
    """A reply held what belongs to another request."""


def body_of(number: int) -> bytes:
    """Return the reply's body: the number again and again, of a length that differs."""
    return b"%010d." % number * (1 + number % WORDS)


class Provider(asyncio.Protocol):
    """One connection of a provider with bad days."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        with suppress(httptools.HttpParserError):
            self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        number = int(self._body[:10])
        pieces, close = self._reply(number, body_of(number))
        if self._chance.random() < 0.3:
            self._later(pieces, close)
        else:
            self._write(b"".join(pieces), close)

    def _reply(self, number: int, body: bytes) -> tuple[list[bytes], bool]:
        """Return the reply in pieces, and whether the connection ends with it."""
        head = b"HTTP/1.1 200 OK\r\nx-number: %d\r\n" % number
        length = b"content-length: %d\r\n\r\n" % len(body)
        half, packed = len(body) // 2, zlib.compress(body)
        chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part]
        coding = b"content-encoding: deflate\r\ncontent-length: %d\r\n\r\n" % len(packed)
        interim = b"HTTP/1.1 103 Early Hints\r\nx-number: 0\r\n\r\n"
        kinds: dict[str, tuple[int, list[bytes], bool]] = {
            "length": (8, [head + length, body[:half], body[half:]], False),
            "chunks": (4, [head + b"transfer-encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n"], False),
            "packed": (2, [head + coding, packed[:7], packed[7:]], False),
            "interim": (2, [interim, head + length, body], False),
            "until close": (1, [head + b"connection: close\r\n\r\n", body[:half], body[half:]], True),
            # At once; one that came later could not be told from the reply to the next request.
            "twice": (1, [(head + length + body) * 2], False),
            "cut": (1, [head + length, body[:half]], True),
            "closed after": (1, [head + length, body, b""], True),
        }
        _, pieces, close = self._chance.choices(list(kinds.values()), [kind[0] for kind in kinds.values()])[0]
        return pieces, close

    def _later(self, pieces: list[bytes], close: bool) -> None:
        if self._transport.is_closing():
            return
        if pieces:
            self._write(pieces[0], close=False)
            self._loop.call_later(self._chance.random() * 0.004, self._later, pieces[1:], close)
        elif close:
            self._transport.close()

    def _write(self, data: bytes, close: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
            if close:
                self._transport.close()


async def check(reply: UpstreamReply, number: int) -> None:
    """Read a reply; raise CrossTalkError for anything that is not this request's."""
    if reply.header("x-number") != str(number):
        raise CrossTalkError(f"request {number} got the head of {reply.header('x-number')}")
    try:
        body = await reply.read(1_000_000)
    except UpstreamFailure as failure:
        if failure.phase != "body":
            raise CrossTalkError(f"request {number} failed at {failure.phase} after its head") from failure
        raise
    # A body that only the connection's end ends may be cut without a sign (RFC 9112, 8): its beginning must be right.
    unmarked = reply.header("connection") == "close" and body_of(number).startswith(body)
    if body != body_of(number) and not unmarked:
        raise CrossTalkError(f"request {number} got {body[:60]!r} of {len(body)} bytes")


async def ask(upstream: Client, url: str, number: int, chance: random.Random) -> str:
    """Make one request as some caller would; return how it ended."""
    body = b"%010d" % number + b"x" * chance.choice((0, 100, 1_500, 1_500, 40_000))
    hasty = chance.random() < 0.05
    reply = await upstream.send(UpstreamRequest("POST", url, [("x-a", "b")], body, HASTY if hasty else TIMES))
    if chance.random() < 0.05:
        if reply.header("x-number") != str(number):
            raise CrossTalkError(f"request {number} got the head of {reply.header('x-number')}")
        reply.abort()
        return "aborted"
    await check(reply, number)
    return "read"


async def run(requests: int, callers: int = 64, seed: int = 1) -> Counter[str]:
    """Make so many requests over a few connections; return how they ended. Raises CrossTalkError."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Provider(chance), "127.0.0.1", 0, backlog=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    ended: Counter[str] = Counter()
    numbers = iter(range(requests))

    async def caller(upstream: Client) -> None:
        for number in numbers:
            asking = asyncio.ensure_future(ask(upstream, url, number, chance))
            if chance.random() < 0.15:
                loop.call_later(chance.random() * 0.003, asking.cancel)
            ended[await _end(asking)] += 1

    async with PoolUpstream(egress=LOCAL, connections_max=callers // 2) as upstream:
        await asyncio.gather(*(caller(upstream) for _ in range(callers)))
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)
    return ended


async def _end(asking: Awaitable[str]) -> str:
    try:
        return await asking
    except asyncio.CancelledError:
        return "cancelled"
    except UpstreamFailure as failure:
        return failure.cause


def main(start: Callable[[Awaitable[Counter[str]]], Counter[str]] = uvloop.run) -> None:  # type: ignore[assignment]
    """Run it and print how the requests ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=int)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    arguments = parser.parse_args()
    ended = start(run(arguments.requests, seed=arguments.seed))
    print(f"{arguments.requests} requests, seed {arguments.seed}: {dict(ended.most_common())}; none got another's")  # noqa: T201


if __name__ == "__main__":
    main()
