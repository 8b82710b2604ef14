"""The bus in Redis keeps what the embedded one promises, between processes too."""

import asyncio

import pytest

from agents.bus import Overloaded
from agents.redis import RedisBus
from agents.redis.place import WAIT_S_MAX
from tests.servers.live import Redis

pytestmark = pytest.mark.anyio


async def test_messages_come_in_order_and_once_to_readers_of_one_topic(durable: Redis) -> None:
    async with RedisBus(durable.url, prefix="order") as bus, RedisBus(durable.url, prefix="order") as other:
        for number in range(4):
            await bus.publish("t", {"n": number})
        heard = []
        for reader in (bus, other, bus, other):
            message = await reader.receive("t", wait_s=1)
            assert message is not None
            heard.append(message.body["n"])
            await reader.acknowledge("t", message.id)
        assert heard == [0, 1, 2, 3]
        assert await bus.receive("t", wait_s=0) is None
        assert await bus.receive("t", wait_s=0.02) is None


async def test_a_reader_may_wait_longer_than_any_other_command(durable: Redis) -> None:
    async with RedisBus(durable.url, prefix="long") as bus:
        assert await bus.receive("t", wait_s=WAIT_S_MAX + 0.3) is None


async def test_a_reader_waits_for_a_message(durable: Redis) -> None:
    async with RedisBus(durable.url, prefix="waits") as bus:
        reading = asyncio.ensure_future(bus.receive("t", wait_s=5))
        await asyncio.sleep(0.05)
        await bus.publish("t", {"n": 1})
        message = await reading
        assert message is not None
        assert message.body == {"n": 1}


async def test_a_full_topic_refuses_and_has_room_again_once_a_message_is_acknowledged(durable: Redis) -> None:
    async with RedisBus(durable.url, prefix="full", messages_max=1, wait_s=0.02) as bus:
        await bus.publish("t", {})
        message = await bus.receive("t", wait_s=1)
        with pytest.raises(Overloaded, match="1 messages wait in 't'"):
            await bus.publish("t", {})
        assert message is not None
        await bus.acknowledge("t", message.id)
        await bus.publish("t", {})
        await bus.close("t")
        await bus.publish("t", {})


async def test_what_a_reader_held_too_long_is_given_to_another(durable: Redis) -> None:
    async with (
        RedisBus(durable.url, prefix="held", hold_s=0.1) as crashed,
        RedisBus(durable.url, prefix="held", hold_s=0.1) as other,
    ):
        await crashed.publish("t", {"n": 1})
        assert await crashed.receive("t", wait_s=1) is not None
        message = await other.receive("t", wait_s=5)
        assert message is not None
        assert message.body == {"n": 1}


async def test_a_topic_can_be_joined_before_anything_is_written_and_after_it_was_closed(durable: Redis) -> None:
    async with RedisBus(durable.url, prefix="join") as bus, RedisBus(durable.url, prefix="join") as other:
        assert await bus.receive("t", wait_s=0.01) is None
        await other.close("t")
        await other.publish("t", {"n": 2})
        message = await bus.receive("t", wait_s=1)
        assert message is not None
        assert message.body == {"n": 2}
