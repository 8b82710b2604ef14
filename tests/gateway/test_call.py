"""A part changes the tree it stands in, a reply is read once, a cut comes once."""

import asyncio
from typing import Any

import pytest

from gateway.call import Part, reply_of
from gateway.errors import ClientLeft, DeadlineExceeded
from tests.gateway.talk import Talk, said

pytestmark = pytest.mark.anyio


def test_setting_a_part_writes_every_place_where_its_text_stands() -> None:
    one, two = {"content": "a"}, {"text": "a"}
    choice: dict[str, Any] = {"logprobs": {"content": []}}
    part = Part("text", 0, "0", one, "content")
    part.also = ((two, "text"),)
    part.logprobs = choice
    part.text = "b"
    assert (one, two, choice) == ({"content": "b"}, {"text": "b"}, {"logprobs": None})


def test_a_reply_of_events_is_all_there() -> None:
    event = said("a")
    reply = reply_of([event])
    assert (reply.batch, reply.read) == ([event], None)


async def test_a_call_is_cut_once_and_only_while_it_may_be() -> None:
    call = Talk().call
    first = DeadlineExceeded("late")
    call.task = asyncio.ensure_future(asyncio.sleep(60))
    task, call.task = call.task, None
    call.cut(first)
    await asyncio.sleep(0)
    assert task is not None
    assert not task.cancelled(), "it settles"
    call.task = task
    call.cut(ClientLeft("left"))
    assert call.cut_by is first
    task.cancel()
