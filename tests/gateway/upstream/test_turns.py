"""While others wait no tenant has a second turn before each of them had one."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.interface import UpstreamRequest
from gateway.upstream.pool import PoolUpstream
from gateway.upstream.turns import Turn, Turns
from gateway.upstream.wire import Origin, origin_of
from tests.gateway.upstream.provider import LOCAL, MB, listening

ONE, OTHER = origin_of("http://one.test/"), origin_of("http://other.test/")


def always(_origin: Origin) -> bool:
    return True


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_lanes_take_turns_and_each_is_served_in_its_own_order(lanes: list[str]) -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        turns = Turns()
        waiting = [Turn(lane, ONE, loop.create_future()) for lane in lanes]
        for turn in waiting:
            turns.add(turn, again=False)
        served = [taken for _ in waiting if (taken := turns.take(always)) is not None]
        assert len(served) == len(waiting)
        assert not turns
        for lane in set(lanes):
            assert [turn for turn in served if turn.lane == lane] == [turn for turn in waiting if turn.lane == lane]
        for at, turn in enumerate(served):
            again = next((n for n in range(at + 1, len(served)) if served[n].lane == turn.lane), None)
            if again is not None:
                waiting_still = {each.lane for each in served[again + 1 :]} - {turn.lane}
                assert waiting_still <= {each.lane for each in served[at + 1 : again]}


def test_whoever_cannot_go_on_is_passed_and_whoever_had_its_turn_in_vain_is_first() -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        turns = Turns()
        stuck, free, late = (
            Turn(lane, origin, loop.create_future()) for lane, origin in (("a", ONE), ("b", OTHER), ("c", ONE))
        )
        for turn in (stuck, free, late):
            turns.add(turn, again=False)
        assert turns.take(lambda origin: origin == OTHER) is free
        assert turns.take(lambda origin: origin == OTHER) is None
        assert not turns.leave(free)
        turns.add(free, again=True)
        assert turns.take(always) is free
        assert turns.leave(stuck)
        assert not turns.leave(stuck)
        assert turns.take(always) is late


@pytest.mark.anyio
async def test_one_tenant_s_crowd_does_not_keep_another_s_call_from_the_provider() -> None:
    served: list[str] = []
    release = asyncio.Event()

    async def provider(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            served.append((await reader.readexactly(length)).decode())
            await release.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with listening(provider) as url, PoolUpstream(egress=LOCAL, connections_max=2) as upstream:

        async def ask(lane: str) -> None:
            await (await upstream.send(UpstreamRequest("POST", url, [], lane.encode(), lane=lane))).read(MB)

        crowd = [asyncio.ensure_future(ask("crowd")) for _ in range(20)]
        async with asyncio.timeout(10):
            while len(served) < 2:  # noqa: ASYNC110 - the provider tells nobody
                await asyncio.sleep(0.001)
        other = asyncio.ensure_future(ask("other"))
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*crowd, other)
        assert served.index("other") <= 4, "after those that were sent already, and one turn of the crowd's"


@pytest.mark.anyio
async def test_a_caller_that_was_cancelled_a_moment_ago_is_passed_over() -> None:
    loop = asyncio.get_running_loop()
    gone, waits = Turn("a", ONE, loop.create_future()), Turn("b", ONE, loop.create_future())
    async with PoolUpstream(egress=LOCAL) as pool:
        for turn in (gone, waits):
            pool._waiting.add(turn, again=False)
        gone.future.cancel()
        pool._next()
        assert waits.future.done()
        pool._next()
        assert not pool._waiting
