"""Rates and places that several processes share are exact over all of them, and judge as one process alone does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from limits.clock import ManualClock
from limits.rates import Rate, Wanted
from limits.redis.link import Link
from limits.redis.rates import SharedRates
from limits.redis.wire import Address
from tests.limits.redis.ledgers import PlainBook, command, until
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio

PLACE = ("k", 1_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@contextlib.asynccontextmanager
async def rates(server: Redis, number: int = 1) -> AsyncIterator[tuple[ManualClock, list[SharedRates], list[Link]]]:
    command(server.url, "FLUSHALL")
    clock = ManualClock()
    book, address = PlainBook(clock), Address.parse(server.url)
    links = [Link(address, book, clock, opened=lambda: None, heard=lambda *_: None) for _ in range(number)]
    for link in links:
        await link.start()
        await until(lambda at=link: at.wire is not None)  # type: ignore[misc]
    yield clock, [SharedRates(link, clock, tenants_max=1) for link in links], links
    for link in links:
        await link.stop()


@pytest.mark.parametrize("limit", [1, 3, 7, 60, 1_000, 90_000])
async def test_it_judges_as_one_process_alone_does(server: Redis, limit: int) -> None:
    async with rates(server) as (clock, (shared,), _):
        alone = Rate(clock)
        for number in range(60):
            clock.turn((number * 37 % 11) / 3)
            weight = 1 + number * 13 % max(1, limit // 2)
            entered = await shared.enter(f"c{number}", "t", PLACE, [Wanted("k", limit, weight)], 60)
            assert entered is not None
            (answer,) = entered.rates
            own = alone.take("k", limit, weight)
            assert (answer.ok, answer.limit) == (own.ok, own.limit)
            assert abs(answer.remaining - own.remaining) <= 1, "one rounds a unit, the other a call"
            assert answer.reset_s == pytest.approx(own.reset_s, abs=1e-3)
            assert answer.wait_s == pytest.approx(own.wait_s, abs=1e-3)


async def test_requests_over_three_processes_at_one_moment_are_exactly_as_many_as_are_allowed(server: Redis) -> None:
    async with rates(server, 3) as (clock, shared, _):

        async def asked(number: int) -> bool:
            entered = await shared[number % 3].enter(f"c{number}", "t", PLACE, [Wanted("k", 100)], 60)
            assert entered is not None
            return entered.rates[0].ok

        assert sum(await asyncio.gather(*(asked(number) for number in range(400)))) == 100
        clock.turn(6)
        assert sum(await asyncio.gather(*(asked(number) for number in range(400, 600)))) == 10


async def test_places_over_two_processes_are_bounded_and_free_when_a_call_leaves_or_its_time_is_over(
    server: Redis,
) -> None:
    async with rates(server, 2) as (clock, (one, other), _):
        place = ("k", 3)
        found = [await shared.enter(f"c{n}", "t", place, [], 60) for n, shared in enumerate((one, other, one, other))]
        assert [entered is not None and entered.has_place for entered in found] == [True, True, True, False]
        other.leave("c0", "t", "k")
        assert (await one.enter("c4", "t", place, [], 60)) is not None
        full = await one.enter("c5", "t", place, [], 60)
        assert full is not None
        assert not full.has_place
        clock.turn(66)
        again = await one.enter("c5", "t", place, [], 60)
        assert again is not None
        assert again.has_place, "whoever never left has left when its deadline is over"


async def test_a_call_is_let_in_with_all_that_it_asks_for_or_takes_nothing(server: Redis) -> None:
    async with rates(server) as (_, (shared,), _):
        first = await shared.enter("a", "t", ("k", 1), [Wanted("q", 2), Wanted("t", 100, 101)], 60)
        assert first is not None
        assert [answer.ok for answer in first.rates] == [True, False]
        assert first.rates[1].wait_s is None, "it never fits"
        assert first.rates[0].remaining == 2
        second = await shared.enter("b", "t", ("k", 1), [Wanted("q", 2), Wanted("t", 100, 100)], 60)
        assert second is not None
        assert (second.has_place, [answer.remaining for answer in second.rates]) == (True, [1, 0])
        shared.leave("b", "t", "k", Wanted("t", 100, 60))
        third = await shared.enter("c", "t", ("k", 1), [Wanted("t", 100, 60)], 60)
        assert third is not None
        assert third.rates[0].ok, "what was not used was given back"
        shared.leave("c", "t", "k", Wanted("t", 100, 1_000))
        fourth = await shared.enter("d", "u", ("k", 1), [Wanted("t", 100, 100)], 60)
        assert fourth is not None
        assert fourth.rates[0].ok, "another tenant's"
        fifth = await shared.enter("e", "t", ("k", 1), [Wanted("t", 100, 100)], 60)
        assert fifth is not None
        assert fifth.rates[0].ok, "never more comes back than was there"
        free = await shared.enter("f", "t", ("k", 2), [Wanted("z", 100, 0)], 60)
        assert free is not None
        assert free.rates[0].remaining == 100


async def test_without_redis_there_is_no_answer(server: Redis) -> None:
    async with rates(server) as (_, (shared,), (link,)):
        command(server.url, "SET", "th:{t}:r:q", "no number")
        assert await shared.enter("a", "t", PLACE, [Wanted("q", 5)], 60) is None
        wire = link.wire
        assert wire is not None
        wire._max = 0
        assert await shared.enter("b", "t", PLACE, [], 60) is None
        shared.leave("b", "t", "k")
        link.distrust("a test says so")
        assert await shared.enter("c", "t", PLACE, [], 60) is None
        shared.leave("c", "t", "k")
