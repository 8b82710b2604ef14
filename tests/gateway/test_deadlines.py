"""A call's deadline cuts it, stands still while a person is asked, and lets a settling call out of its wait."""

import asyncio
from typing import Any

import pytest

from gateway import deadlines
from gateway.call import Call
from gateway.errors import DeadlineExceeded, Draining
from tests.gateway.stages.exchange import call_for

pytestmark = pytest.mark.anyio


def waiting_call(**members: Any) -> Call:
    call = call_for({"model": "m", "messages": [{"role": "user", "content": "x"}]})
    for name, value in members.items():
        setattr(call, name, value)
    return call


async def test_it_cuts_once_its_time_is_over_and_not_after_it_was_stopped() -> None:
    late, ended = waiting_call(), waiting_call()
    deadlines.start(late, 0.01)
    deadlines.start(ended, 0.01)
    deadlines.stop(ended)
    await asyncio.sleep(0.05)
    assert isinstance(late.cut_by, DeadlineExceeded)
    assert ended.cut_by is None


async def test_it_stands_still_and_what_was_left_is_left() -> None:
    call = waiting_call(task=asyncio.current_task())
    deadlines.start(call, 0.05)
    with deadlines.standing_still(call):
        await asyncio.sleep(0.1)
        assert call.cut_by is None
    left_s = call.deadline_s - asyncio.get_running_loop().time()
    assert 0.02 < left_s <= 0.05
    deadlines.stop(call)


async def test_a_settling_call_that_is_cut_goes_on_after_its_wait() -> None:
    call = waiting_call(task=None)
    deadlines.start(call, 5)
    asyncio.get_running_loop().call_later(0.01, call.cut, Draining("over"))
    with deadlines.standing_still(call):
        await asyncio.sleep(5)
    assert call.task is None
    await asyncio.sleep(0)  # nothing of the cut is left over
    deadlines.stop(call)


async def test_any_other_cancellation_is_not_swallowed() -> None:
    call = waiting_call(task=None)
    deadlines.start(call, 5)
    life = asyncio.current_task()
    assert life is not None
    asyncio.get_running_loop().call_later(0.01, life.cancel)
    with pytest.raises(asyncio.CancelledError), deadlines.standing_still(call):
        await asyncio.sleep(5)
    life.uncancel()
    deadlines.stop(call)
