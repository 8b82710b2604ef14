"""A name is one process' at a time: claimed once, told done, given back, free by itself; without Redis nobody's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from limits.clock import SystemClock
from limits.redis.asking import Unavailable
from limits.redis.claims import Claims
from limits.redis.link import Link
from limits.redis.wire import Address
from tests.limits.redis.ledgers import PlainBook, command
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio

CLOCK = SystemClock()


@pytest.fixture
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@contextlib.asynccontextmanager
async def claims(server: Redis, number: int = 2) -> AsyncIterator[tuple[list[Claims], list[Link]]]:
    book, address = PlainBook(CLOCK), Address.parse(server.url)
    links = [
        Link(address, book, CLOCK, opened=lambda: None, heard=lambda *_: None, ready_s_max=0.05) for _ in range(number)
    ]
    for link in links:
        await link.start()
        async with asyncio.timeout(10):
            while link.wire is None:  # noqa: ASYNC110 - filling tells nobody here
                await asyncio.sleep(0.01)
    yield [Claims(link, Unavailable) for link in links], links
    for link in links:
        await link.stop()


async def test_of_many_claims_at_one_moment_one_succeeds(server: Redis) -> None:
    async with claims(server) as ((one, other), _):
        asked = [(one, other)[n % 2].claim("name", b"%d" % n, 60) for n in range(20)]
        answers = await asyncio.gather(*asked)
        assert answers.count((True, b"")) == 1
        winner = b"%d" % answers.index((True, b""))
        assert {by for _, by in answers} == {b"", winner}
        assert [is_done for is_done, by in answers if by] == [False] * 19


async def test_a_claim_is_done_or_given_back_by_whoever_has_it(server: Redis) -> None:
    async with claims(server) as ((one, other), _):
        assert await one.claim("a", b"one", 60) == (True, b"")
        other.free("a", b"other")
        assert await other.claim("a", b"other", 60) == (False, b"one")
        one.done("a", b"one")
        await one.claim("order", b"", 60)
        assert await other.claim("a", b"other", 60) == (True, b"one")
        assert await one.claim("b", b"one", 60) == (True, b"")
        one.free("b", b"one")
        await one.claim("and order", b"", 60)
        assert await other.claim("b", b"other", 60) == (True, b"")
        assert await one.claim("c", b"one", 0.05) == (True, b"")
        await asyncio.sleep(0.1)
        assert await other.claim("c", b"other", 60) == (True, b""), "a process that died claims nothing for ever"


async def test_nobody_claims_without_redis(server: Redis) -> None:
    async with claims(server, 1) as ((one,), (link,)):
        command(server.url, "LPUSH", "th:claim:list", "in the way")
        with pytest.raises(Unavailable, match="runs elsewhere"):
            await one.claim("list", b"one", 60)
        wire = link.wire
        assert wire is not None
        wire._max = 0
        one.free("a", b"one")
        wire._max = 100
        server.kill()
        with pytest.raises(Unavailable, match="runs elsewhere"):
            await one.claim("a", b"one", 60)
        one.done("a", b"one")
