"""The connection to Redis: pipelines by itself, gives up on what does not answer, and tells everyone who waits."""

import asyncio
from collections.abc import Iterator
from typing import Any

import hiredis
import pytest

from limits.redis.wire import Address, Lost, Wire, packed
from tests.limits.redis.ledgers import command
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as made:
        yield made


class Ears:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.lost = 0

    def drop(self) -> None:
        self.lost += 1


@pytest.fixture
def ears() -> Ears:
    return Ears()


async def join(url: str, ears: Ears, **bounds: Any) -> Wire:
    return await Wire.connect(Address.parse(url), ears.heard.append, ears.drop, **bounds)


def test_addresses_are_read_and_nonsense_is_refused_without_its_password() -> None:
    assert Address.parse("redis://h") == Address("h", 6379)
    assert Address.parse("rediss://u:p%40@h:7/3") == Address("h", 7, 3, "u", "p@", tls=True)
    assert Address.parse("unix:///run/redis.sock").path == "/run/redis.sock"
    for wrong in ("http://secret@h", "redis://", "redis://:secret@h/zero"):
        with pytest.raises(ValueError, match="Redis") as error:
            Address.parse(wrong)
        assert "secret" not in str(error.value)


async def test_what_is_asked_in_one_turn_leaves_in_one_write_and_is_answered_in_order(
    server: Redis, ears: Ears
) -> None:
    wire = await join(f"{server.url[:-1]}3", ears)
    asked = [wire.ask(packed("ECHO", str(number))) for number in range(500)]
    assert len(wire._queue) == 500
    assert [int(reply) for reply in await asyncio.gather(*asked)] == list(range(500))
    taken: list[Any] = []
    wire.send(packed("SET", "key", 1), taken.append)
    wire.ask(packed("ECHO", "nobody waits")).cancel()
    assert await wire.must(packed("GET", "key")) == b"1"
    assert taken == [b"OK"]
    with pytest.raises(hiredis.ReplyError, match="unknown command"):
        await wire.must(packed("NONSENSE"))
    wire.close()
    wire.close()
    assert ears.lost == 1
    assert command(server.url, "GET", "key") == b"$-1\r\n", "it was another database"


async def test_messages_come_over_the_same_connection(server: Redis, ears: Ears) -> None:
    wire = await join(server.url, ears)
    wire.tell(packed("SUBSCRIBE", "news"))
    await wire.must(packed("PUBLISH", "news", "hello"))
    assert [push[2] for push in ears.heard] == [1, b"hello"]
    wire.close()
    wire.tell(packed("SUBSCRIBE", "news"))


async def test_a_lost_connection_is_told_to_everyone_who_waits_and_takes_nothing_more(
    server: Redis, ears: Ears
) -> None:
    wire = await join(server.url, ears)
    taken: list[Any] = []
    blocked = wire.ask(packed("BLPOP", "never", 0))
    wire.send(packed("ECHO", "behind it"), taken.append)
    wire.ask(packed("ECHO", "cancelled")).cancel()
    await asyncio.sleep(0.02)
    command(server.url, "CLIENT", "KILL", "TYPE", "normal")
    with pytest.raises(Lost, match="before it answered"):
        await blocked
    assert isinstance(taken[0], Lost)
    with pytest.raises(Lost, match="is lost"):
        wire.ask(packed("ECHO", 1))


async def test_what_does_not_answer_in_time_is_given_up(server: Redis, ears: Ears) -> None:
    wire = await join(server.url, ears, reply_s_max=0.1)
    with pytest.raises(Lost):
        await asyncio.wait_for(wire.ask(packed("BLPOP", "never", 0)), 5)
    assert ears.lost == 1


async def test_too_much_at_once_is_refused(server: Redis, ears: Ears) -> None:
    wire = await join(server.url, ears, pending_max=2)
    asked = [wire.ask(packed("ECHO", number)) for number in range(2)]
    with pytest.raises(Lost, match="too much"):
        wire.ask(packed("ECHO", 2))
    await asyncio.gather(*asked)
    wire.close()


async def test_a_wrong_password_nobody_there_and_no_redis_are_lost(server: Redis, ears: Ears) -> None:
    host, port = server.host, server.port
    with pytest.raises(Lost, match="WRONGPASS"):
        await join(f"redis://nobody:wrong@{host}:{port}", ears)
    with pytest.raises(Lost, match="cannot be reached"):
        await join("redis://127.0.0.1:1", ears)
    with pytest.raises(Lost, match="cannot be reached"):
        await join(f"rediss://{host}:{port}", ears, reply_s_max=0.2)

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(babble, "127.0.0.1")
    port = other.sockets[0].getsockname()[1]
    with pytest.raises(Lost):
        await join(f"redis://127.0.0.1:{port}", ears)
    other.close()
    await other.wait_closed()


async def test_a_connection_that_comes_too_late_is_closed(server: Redis, ears: Ears) -> None:
    wire = Wire(ears.heard.append, ears.drop, pending_max=1, reply_s_max=1)
    wire.close()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: wire, server.host, server.port)
    assert transport.is_closing()


async def test_a_cancelled_connect_leaves_no_connection(ears: Ears) -> None:
    async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.close()

    silent = await asyncio.start_server(silence, "127.0.0.1")
    port = silent.sockets[0].getsockname()[1]
    joining = asyncio.ensure_future(join(f"redis://127.0.0.1:{port}", ears))
    await asyncio.sleep(0.05)
    joining.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joining
    assert ears.lost == 1
    await asyncio.sleep(0.2)
    silent.close()
