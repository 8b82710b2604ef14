"""The embedded bus: in order, bounded, and a message stays until it is acknowledged."""

import asyncio

import pytest

from agents.bus import MemoryBus, Overloaded

pytestmark = pytest.mark.anyio


async def test_messages_come_in_order_and_once() -> None:
    bus = MemoryBus()
    for number in range(3):
        await bus.publish("t", {"n": number})
    heard = []
    while (message := await bus.receive("t", wait_s=0.01)) is not None:
        heard.append(message.body["n"])
        await bus.acknowledge("t", message.id)
    assert heard == [0, 1, 2]


async def test_a_reader_waits_for_a_message() -> None:
    bus = MemoryBus()
    reading = asyncio.ensure_future(bus.receive("t", wait_s=5))
    await asyncio.sleep(0)
    await bus.publish("t", {"n": 1})
    message = await reading
    assert message is not None
    assert message.body == {"n": 1}


async def test_a_full_topic_refuses_and_has_room_again_once_a_message_is_acknowledged() -> None:
    bus = MemoryBus(messages_max=1, wait_s=0.01)
    await bus.publish("t", {})
    message = await bus.receive("t", wait_s=0.01)
    with pytest.raises(Overloaded, match="at most 1 may"):
        await bus.publish("t", {})
    assert message is not None
    await bus.acknowledge("t", message.id)
    await bus.publish("t", {})


async def test_topics_are_bounded_and_can_be_closed() -> None:
    bus = MemoryBus(topics_max=1)
    await bus.publish("a", {})
    with pytest.raises(Overloaded, match="topics"):
        await bus.publish("b", {})
    await bus.close("a")
    await bus.publish("b", {})


async def test_what_a_reader_held_too_long_is_given_to_another_before_what_came_later() -> None:
    bus = MemoryBus(hold_s=0.02)
    await bus.publish("t", {"n": 1})
    held = await bus.receive("t", wait_s=1)
    await bus.publish("t", {"n": 2})
    second = await bus.receive("t", wait_s=1)
    assert (held and held.body, second and second.body) == ({"n": 1}, {"n": 2})
    assert second is not None
    await bus.acknowledge("t", second.id)
    again = await bus.receive("t", wait_s=5)
    assert again == held
