"""A Redis that is gone, emptied, restarted, restored or a replica admits nothing until it holds what the book says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from limits.entries import HoldEntry, RefundEntry, RunOpenedEntry
from limits.ledger import EmbeddedLedger
from limits.redis import RedisLedger
from limits.redis.asking import Unavailable
from limits.redis.link import Link
from limits.redis.wire import Address
from limits.refusals import Exceeded, Held
from limits.runs import RunLimits
from limits.standing import Charge
from tests.limits.redis.houses import (
    CAP,
    CLOCK,
    charge,
    figures,
    furnish,
    granted,
    hold,
    house,
    lived,
    order,
    until_it_answers,
)
from tests.limits.redis.ledgers import PlainBook, command, flush, settled, until
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


@pytest.fixture
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


async def test_an_emptied_redis_is_filled_from_the_book_before_anything_is_admitted(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await lived(ledger, book)
        before, listed = await figures(ledger), dict(ledger.marks.listed)
        lost = await granted(ledger, "never durable", 500)
        flush(server.url)
        await until_it_answers(ledger)
        assert book.generation == 2
        assert await figures(ledger) == before
        assert dict(ledger.marks.listed) == listed
        assert not book.write(ledger, lost), "its intent is refused: Redis does not know of it any more"
        ledger.drop(lost.id)
        assert isinstance(await hold(ledger, "too much", 611), Held)
        assert isinstance(await hold(ledger, "way too much", 811), Exceeded)
        assert book.write(ledger, await granted(ledger, "fits", 610))
        charge(ledger, book, "open", 100)
        charge(ledger, book, "fits", 610)
        await settled(ledger)
        balances = await ledger.balances("tenant:t", tenant="t")
        assert balances is not None
        assert (balances.nano, balances.caps[0].held) == (900, 0)


async def test_a_charge_written_just_before_the_book_was_read_reaches_the_redis_that_was_filled(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await lived(ledger, book)
        charge(ledger, book, "open", 70)
        late = book.entries.pop()
        await settled(ledger)
        flush(server.url)
        await until_it_answers(ledger)
        book.entries.append(late)
        await settled(ledger)
        balances = await ledger.balances("tenant:t", tenant="t")
        assert balances is not None
        assert (balances.nano, balances.caps[0].held) == (150 + 40 + 70, 0)


@pytest.mark.parametrize("durable", [False, True])
async def test_a_restarted_redis_is_filled_anew_whatever_it_remembers(durable: bool) -> None:
    book = PlainBook(CLOCK)
    with Redis(durable=durable) as server:
        async with house(server, book) as ledger:
            await lived(ledger, book)
            before = await figures(ledger)
            server.kill()
            with pytest.raises(Unavailable, match="cannot answer"):
                await hold(ledger, "while it is gone", 1)
            charge(ledger, book, "open", 60)
            server.start()
            await until_it_answers(ledger)
            await settled(ledger)
            assert book.generation == 2
            after = await figures(ledger)
            assert after != before
            balances = await ledger.balances("tenant:t", tenant="t")
            assert balances is not None
            assert (balances.nano, balances.caps[0].held) == (150 + 40 + 60, 0)


async def test_a_redis_whose_memory_was_rolled_back_under_us_is_noticed_by_the_next_call(server: Redis) -> None:
    """Its identity and generation are right, only what it was told last is gone."""
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await furnish(ledger, book)
        assert book.write(ledger, await granted(ledger, "a", 100))
        await settled(ledger)
        command(server.url, "SET", f"th:{{t}}:{book.generation}:n", 0)
        command(server.url, "HSET", f"th:{{t}}:{book.generation}:a:tenant:t", "u0t", 0)
        assert isinstance(await hold(ledger, "b", 950), Held)
        assert book.generation == 2


async def test_other_processes_follow_to_the_new_generation(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as one, house(server, book) as other:
        await lived(one, book)
        assert await figures(one) == await figures(other)
        assert book.generation == 1
        flush(server.url)
        await asyncio.gather(until_it_answers(one), until_it_answers(other))
        await until(lambda: one.link.generation == other.link.generation)
        assert await figures(one) == await figures(other)


async def test_a_charge_is_not_lost_while_redis_is_away(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await lived(ledger, book)
        command(server.url, "CLIENT", "KILL", "TYPE", "pubsub")
        charge(ledger, book, "open", 200)
        await until_it_answers(ledger)
        await settled(ledger)
        assert book.generation == 1, "the same Redis, only another connection"
        balances = await ledger.balances("tenant:t", tenant="t")
        assert balances is not None
        assert (balances.nano, balances.caps[0].held) == (390, 0)


async def test_a_replica_and_a_redis_that_evicts_are_not_taken(server: Redis) -> None:
    command(server.url, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    async with house(server, PlainBook(CLOCK)) as ledger:
        with pytest.raises(Unavailable, match="may evict balances"):
            await ledger.balances("tenant:t", tenant="t")
    command(server.url, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    command(server.url, "REPLICAOF", "127.0.0.1", "1")
    async with house(server, PlainBook(CLOCK)) as ledger:
        with pytest.raises(Unavailable, match="a slave, not the master"):
            await ledger.balances("tenant:t", tenant="t")


async def test_a_master_that_becomes_a_replica_stops_admitting(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await furnish(ledger, book)
        command(server.url, "REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(Unavailable):
            await hold(ledger, "a", 1)
        command(server.url, "REPLICAOF", "NO", "ONE")
        await until_it_answers(ledger)
        assert book.generation == 2, "what it was told meanwhile is anybody's guess"


async def test_forgotten_scripts_are_loaded_again(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await furnish(ledger, book)
        command(server.url, "SCRIPT", "FLUSH")
        await granted(ledger, "a", 1)
        command(server.url, "SCRIPT", "FLUSH")
        charge(ledger, book, "a", 1)
        await settled(ledger)
        assert book.generation == 1


async def test_who_waits_goes_on_waiting_while_redis_is_filled_anew(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await furnish(ledger, book)
        assert book.write(ledger, await granted(ledger, "a", CAP))
        waiting = asyncio.ensure_future(hold(ledger, "b", 10, 10))
        await asyncio.sleep(0.05)
        flush(server.url)
        await until_it_answers(ledger)
        charge(ledger, book, "a", 500)
        assert isinstance(await asyncio.wait_for(waiting, 10), HoldEntry)


async def test_news_of_a_new_generation_reach_who_noticed_nothing(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as one, house(server, book) as other:
        command(server.url, "DEL", "th:house")
        assert one.link.wire is not None
        one.link.wire.close()
        await until_it_answers(one)
        await until(lambda: other.link.generation == 2)


async def test_old_news_change_nothing(server: Redis) -> None:
    async with house(server, PlainBook(CLOCK)) as ledger:
        wire = ledger.link.wire
        command(server.url, "PUBLISH", "th:news", 1)
        await ledger.balances("tenant:t", tenant="t")
        assert ledger.link.wire is wire


async def test_a_fill_that_fails_is_begun_again_under_another_generation(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await furnish(ledger, book)
    flush(server.url)
    command(server.url, "SET", "th:{t}:2:a:tenant:t", "in the way")
    command(server.url, "SET", "th:lock", "of somebody who died", "PX", 150)
    async with house(server, book) as ledger:
        await until_it_answers(ledger)
        assert ledger.link.generation == book.generation == 3


async def test_a_long_fill_keeps_its_lock(server: Redis) -> None:
    class Slow(PlainBook):
        async def books(self) -> EmbeddedLedger:
            await asyncio.sleep(0.3)
            return await super().books()

    book, ready = Slow(CLOCK), asyncio.Event()
    address = Address.parse(server.url)
    links = [Link(address, book, CLOCK, opened=ready.set, heard=lambda *_: None, lock_s=0.15) for _ in range(2)]
    await asyncio.gather(*(link.start() for link in links))
    await asyncio.gather(*(link.ready() for link in links))
    assert [link.generation for link in links] == [1, 1]
    for link in links:
        await link.stop()


async def test_what_older_generations_left_is_swept(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as ledger:
        await lived(ledger, book)
        command(server.url, "DEL", "th:house")
        command(server.url, "CLIENT", "KILL", "TYPE", "pubsub")
        await until_it_answers(ledger)
        assert ledger.link.generation == 2
        await until(lambda: b"*0\r\n" in command(server.url, "KEYS", "th:{t}:1:*"))


async def test_a_sweep_that_is_cut_off_does_no_harm(server: Redis) -> None:
    async with house(server, PlainBook(CLOCK)) as ledger:
        wire = ledger.link.wire
        assert wire is not None
        wire.close()
        await ledger.link._sweep(wire, 1)
        await until_it_answers(ledger)


async def test_a_late_settlement_of_a_hold_that_another_process_expired_is_a_refund(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as one, house(server, book) as other:
        await furnish(one, book)
        await other.balances("tenant:t", tenant="t")
        answer = await one.hold(order("slow", 100, 0.0), tenant="t", run="c", until_ns=0)
        assert isinstance(answer, HoldEntry)
        assert book.write(one, answer)
        entry = one.settle("slow", Charge(30, 1, 1))
        (expired,) = await other.expire()
        book.write(other, expired)
        book.write(one, entry)
        await settled(one)
        (refund,) = await one.expire()
        assert isinstance(refund, RefundEntry)
        assert book.write(one, refund)
        assert book.write(one, refund), "twice is harmless"
        await settled(one)
        balances = await other.balances("run:c", tenant="t")
        assert balances is not None
        assert (balances.nano, balances.input_tokens, balances.caps[0].settled, balances.caps[0].held) == (30, 1, 30, 0)
        books = await book.books()
        replayed = books.balances("run:c")
        assert replayed is not None
        assert replayed.nano == 30


async def test_no_redis_at_all_is_an_error_and_no_admission(tmp_path: Path) -> None:
    ledger = RedisLedger(f"unix://{tmp_path}/nobody", PlainBook(CLOCK), CLOCK, ready_s_max=0.05)
    await ledger.start()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await hold(ledger, "a", 1)
    await ledger.stop()


async def test_a_run_opened_by_two_processes_is_one_run(server: Redis) -> None:
    book = PlainBook(CLOCK)
    async with house(server, book) as one, house(server, book) as other:
        first = await one.open_run("r", RunLimits(steps=2), 2**52, tenant="t")
        again = await other.open_run("r", RunLimits(steps=2), 2**52, tenant="t")
        assert isinstance(first, RunOpenedEntry)
        assert again == first
        with pytest.raises(ValueError, match="open already"):
            await other.open_run("r", RunLimits(steps=3), 2**52, tenant="t")
