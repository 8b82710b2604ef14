"""The log in Redis: in order, fenced, the same over a crash of the server."""

import asyncio
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as Lost

from agents import Event, Log
from agents.redis import RedisStore
from agents.store import RunTaken
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


@pytest.fixture
def log(durable: Redis, request: pytest.FixtureRequest) -> Iterator[Log]:
    with Log(RedisStore(durable.url, prefix=request.node.name)) as made:
        yield made


def event(seq: int, run: str = "r", kind: str = "note") -> Event:
    return Event(run, seq, seq, kind, {"n": seq})


async def test_what_was_appended_is_there_in_order(log: Log) -> None:
    await asyncio.gather(*(log.append(event(seq)) for seq in range(1, 301)))
    assert [each.seq for each in log.events("r")] == list(range(1, 301))
    assert [each.seq for each in log.events("r", after=298)] == [299, 300]
    assert log.events("r")[0] == event(1)


async def test_the_second_to_take_a_place_fails_alone(log: Log, durable: Redis, request: pytest.FixtureRequest) -> None:
    with Log(RedisStore(durable.url, prefix=request.node.name)) as other:
        await log.append(event(1))
        with pytest.raises(RunTaken, match="another process drives run r"):
            await other.append(event(1))
        await other.append(event(2))
        assert len(log.events("r")) == 2


async def test_runs_are_listed_the_latest_first_and_keys_stand_apart(log: Log) -> None:
    await log.append(event(1, "old", "opened"))
    await log.append(Event("new", 1, 9, "opened"))
    await log.append(Event("new", 2, 10, "ended"))
    assert log.runs() == [("new", 9, "ended"), ("old", 1, "opened")]
    log.keep_key("new", "secret")
    assert (log.key("new"), log.key("old")) == ("secret", None)
    assert "secret" not in str(log.events("new"))


async def test_what_was_appended_outlives_a_crash_of_the_server() -> None:
    with Redis(durable=True) as server, Log(RedisStore(server.url)) as log:
        await log.append(event(1))
        server.kill()
        with pytest.raises(Lost):
            await log.append(event(2))
        server.start()
        assert [each.seq for each in log.events("r")] == [1]
        await log.append(event(2))
