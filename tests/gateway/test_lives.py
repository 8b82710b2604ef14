"""Calls under way are bounded, and drained: given their time, then cut, then counted."""

import asyncio
from typing import Any

import pytest

from gateway.answer import Answer
from gateway.errors import Draining, RateLimitExceeded
from gateway.lives import Lives
from tests.gateway.talk import Figures, Talk

pytestmark = pytest.mark.anyio


def begin(lives: Lives, seconds: float, *, stubborn: float = 0.0) -> Talk:
    talk = Talk()

    async def wait(_: Any) -> None:
        await asyncio.sleep(seconds)

    async def settle(_: Any) -> None:
        await asyncio.sleep(stubborn)

    pipeline = talk.stages({"first": {"admit": wait, "settle": settle}})
    lives.start(talk.call, pipeline.live(talk.call, Answer(talk.client, Figures())))
    return talk


async def test_no_more_than_so_many_and_the_refusal_says_how_many() -> None:
    lives = Lives(2)
    begin(lives, 0.02)
    assert lives.refuse() is None
    begin(lives, 0.02)
    refusal = lives.refuse()
    assert isinstance(refusal, RateLimitExceeded)
    assert (refusal.limit, refusal.actual) == (2, 2)
    assert await lives.drain(1) == 0
    assert len(lives) == 0


async def test_draining_refuses_what_comes_and_lets_end_what_can() -> None:
    lives = Lives(5)
    talk = begin(lives, 0.05)
    drained = asyncio.ensure_future(lives.drain(1))
    await asyncio.sleep(0)
    assert isinstance(lives.refuse(), Draining)
    assert await drained == 0
    assert talk.text.endswith("[DONE]\n\n")


async def test_what_outlasts_the_grace_is_cut_told_and_settled() -> None:
    lives = Lives(5)
    talk = begin(lives, 60)
    assert await lives.drain(0.02) == 0
    assert "draining" in talk.text
    assert "settle first" in talk.log


async def test_what_does_not_even_settle_in_time_is_counted() -> None:
    lives = Lives(5)
    begin(lives, 60, stubborn=0.2)
    assert await lives.drain(0.01, cut_s=0.02) == 1
    await asyncio.sleep(0.3)
    assert not lives.calls()
