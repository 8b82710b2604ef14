"""A shared breaker: failures count together, one call of all is the probe, an operator's hand reaches everywhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from random import Random

import pytest

from limits.breaker import Blocked, Breaker, BreakerPolicy, Permit
from limits.clock import ManualClock
from limits.redis.breakers import SharedBreakers
from limits.redis.link import Link
from limits.redis.wire import Address
from tests.limits.redis.ledgers import PlainBook, command, until
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio

POLICY = BreakerPolicy(failures_max=3, open_s=10, open_s_max=40, jitter=0.2, probe_s_max=30)
KEY = "th:breaker:openai/gpt"


class Process:
    """What one process has of the breaker that all share."""

    def __init__(self, server: Redis, clock: ManualClock, book: PlainBook, seed: int) -> None:
        self.breaker = Breaker("openai/gpt", clock, POLICY, Random(seed))
        address = Address.parse(server.url)
        self.link = Link(address, book, clock, opened=lambda: None, heard=lambda *_: None, reply_s_max=1.0)
        self.shared = SharedBreakers(self.link, clock, [self.breaker])

    async def ask(self) -> Permit | Blocked:
        """Ask as a call does."""
        permit = self.breaker.ask()
        if isinstance(permit, Permit) and permit.probe:
            return await self.breaker.claim(permit)
        return permit

    async def permitted(self) -> Permit:
        permit = await self.ask()
        assert isinstance(permit, Permit)
        return permit

    async def fail(self) -> None:
        self.breaker.report(await self.permitted(), "failure")


@pytest.fixture
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


@contextlib.asynccontextmanager
async def processes(server: Redis, number: int = 2) -> AsyncIterator[tuple[ManualClock, list[Process]]]:
    clock = ManualClock()
    book = PlainBook(clock)
    found = [Process(server, clock, book, seed) for seed in range(number)]
    for process in found:
        await process.link.start()
    yield clock, found
    for process in found:
        await process.link.stop()


async def told(*all_of_them: Process) -> None:
    """Wait until each has heard all there is to hear: what is published comes before what is answered later."""
    for _ in range(2):
        for process in all_of_them:
            assert process.link.wire is not None
            await process.link.wire.must(b"*1\r\n$4\r\nPING\r\n")


async def test_the_whole_cycle_over_three_processes_with_a_turned_clock(server: Redis) -> None:
    async with processes(server, 3) as (clock, (one, other, third)):
        await one.fail()
        await other.fail()
        await told(one, other, third)
        assert [each.breaker.failures for each in (one, other, third)] == [2, 2, 2]
        await third.fail()
        await told(third, one, other)
        assert [each.breaker.state for each in (one, other, third)] == ["open"] * 3
        waits = {round(each.breaker.wait_s, 3) for each in (one, other, third)}
        assert len(waits) == 1, "one jitter for all"
        assert 10 <= waits.pop() <= 12

        clock.turn(12)
        answers = await asyncio.gather(*(each.ask() for each in (one, other, third) for _ in range(4)))
        probes = [answer for answer in answers if isinstance(answer, Permit)]
        assert len(probes) == 1, "of all processes one call is the probe"
        at = answers.index(probes[0]) // 4
        prober = (one, other, third)[at]
        prober.breaker.report(probes[0], "failure")
        await told(prober, one, other, third)
        assert [each.breaker.state for each in (one, other, third)] == ["open"] * 3
        assert all(20 <= each.breaker.wait_s <= 24 for each in (one, other, third))
        assert {each.breaker.openings for each in (one, other, third)} == {2}

        clock.turn(24)
        probe = await other.permitted()
        await told(other, one)
        blocked = await one.ask()
        assert isinstance(blocked, Blocked)
        assert blocked.wait_s == 30
        other.breaker.report(probe, "success")
        await told(other, one, third)
        assert [each.breaker.state for each in (one, other, third)] == ["closed"] * 3
        assert not (await third.permitted()).probe


async def test_failures_in_a_row_begin_anew_with_a_success_anywhere(server: Redis) -> None:
    async with processes(server) as (_, (one, other)):
        await one.fail()
        await one.fail()
        await told(one, other)
        other.breaker.report(await other.permitted(), "success")
        await told(other, one)
        assert one.breaker.failures == 0
        await one.fail()
        await told(one, other)
        assert (one.breaker.state, other.breaker.failures) == ("closed", 1)


async def test_processes_that_fail_at_the_same_moment_open_it_once(server: Redis) -> None:
    async with processes(server) as (_, (one, other)):
        for process in (one, other, one, other):
            await process.fail()
        await told(one, other)
        await told(one, other)
        assert (one.breaker.state, other.breaker.state) == ("open", "open")
        assert one.breaker.wait_s == pytest.approx(other.breaker.wait_s, abs=1e-3)
        assert one.breaker.openings == other.breaker.openings == 1


async def test_what_an_operator_does_at_one_is_done_at_all(server: Redis) -> None:
    async with processes(server) as (_, (one, other)):
        one.breaker.open(7)
        await told(one, other)
        assert isinstance(other.breaker.ask(), Blocked)
        assert other.breaker.wait_s == 7
        other.breaker.reset()
        await told(other, one)
        probe = await one.permitted()
        assert probe.probe
        one.breaker.report(probe, "neutral")
        await told(one, other)
        again = await other.permitted()
        assert again.probe, "a probe that says nothing makes room for another, anywhere"
        one.breaker.close()
        await told(one, other)
        other.breaker.report(again, "failure")
        assert other.breaker.state == "closed", "it was let in before the operator closed it"


async def test_without_redis_each_goes_on_and_whoever_changed_more_is_followed_afterwards(server: Redis) -> None:
    async with processes(server) as (clock, (one, other)):
        server.kill()
        await until(lambda: one.link.wire is None and other.link.wire is None)
        for _ in range(3):
            await one.fail()
        assert (one.breaker.state, other.breaker.state) == ("open", "closed")
        clock.turn(12)
        probe = await one.permitted()
        assert probe.probe, "its own probe"
        one.breaker.report(probe, "failure")
        await other.fail()
        server.start()
        await until(lambda: other.breaker.state == "open")
        assert other.breaker.openings == 2


async def test_a_process_that_comes_later_stands_as_the_others_do(server: Redis) -> None:
    async with processes(server) as (clock, (one, _)):
        one.breaker.open(60)
        await told(one)
        late = Process(server, clock, PlainBook(clock), 9)
        await late.link.start()
        await until(lambda: late.breaker.state == "open")
        assert late.breaker.wait_s == 60
        await late.link.stop()


async def test_a_probe_is_the_own_one_if_redis_goes_or_refuses_while_it_is_claimed(server: Redis) -> None:
    async with processes(server) as (clock, (one, _)):
        one.breaker.open(1)
        clock.turn(1)
        await told(one)
        command(server.url, "DEL", KEY)
        command(server.url, "SET", KEY, "no hash")
        refused = await one.permitted()
        assert refused.probe
        one.breaker.report(refused, "failure")
        clock.turn(12)
        asking = asyncio.ensure_future(one.ask())
        await asyncio.sleep(0)
        assert one.link.wire is not None
        one.link.wire.close()
        lost = await asking
        assert isinstance(lost, Permit)
        assert lost.probe


async def test_a_breaker_that_too_much_is_told_of_is_told_later(server: Redis) -> None:
    async with processes(server) as (_, (one, other)):
        wire = one.link.wire
        assert wire is not None
        wire._max = 0
        one.breaker.open(9)
        assert one.breaker.state == "open"
        wire.close()
        await until(lambda: other.breaker.state == "open")


async def test_what_is_published_of_a_breaker_that_this_process_has_not_changes_nothing(server: Redis) -> None:
    async with processes(server) as (clock, (one, other)):
        strange = Breaker("openai/other", clock, POLICY, Random(1))
        SharedBreakers(one.link, clock, [strange])
        strange.open(5)
        await told(one, other)
        assert other.breaker.state == "closed"


async def test_a_probe_that_others_take_again_and_again_is_given_up(server: Redis) -> None:
    async with processes(server) as (clock, (one, _)):
        one.breaker.open(1)
        await told(one)
        clock.turn(1)
        past = clock.utc_us() - 1

        async def ahead() -> None:
            """Be ahead of whoever asks, with a probe whose time is over."""
            while True:
                epoch = one.breaker.stands().epoch + 1
                command(server.url, "HSET", KEY, "e", epoch, "s", "half-open", "p", past, "w", "another")
                await asyncio.sleep(0)

        taking = asyncio.ensure_future(ahead())
        blocked = await one.ask()
        taking.cancel()
        assert isinstance(blocked, Blocked)
        assert blocked.wait_s == 1.0
