"""Headers, figures, the closing comment, and errors where the client can still read them."""

import json

import pytest

from gateway.answer import Answer
from gateway.errors import BudgetExceeded, BudgetHeld, UpstreamError
from tests.gateway.talk import Figures, Talk, done, said

pytestmark = pytest.mark.anyio


def answer(talk: Talk) -> Answer:
    return Answer(talk.client, Figures())


async def test_a_stream_without_any_event_before_its_end_still_is_one() -> None:
    talk = Talk()
    await answer(talk).complete(talk.call, [said("", end=True), done()])
    assert talk.status == 200
    assert talk.text.startswith(': tollhouse {"call":"call_1"}\n\ndata: ')
    assert talk.text.endswith("data: [DONE]\n\n")


async def test_an_error_after_the_first_event_is_an_event_and_the_end() -> None:
    talk = Talk()
    await answer(talk).stream(talk.call, [said("a")])
    await answer(talk).fail(talk.call, UpstreamError("broken"))
    assert talk.status == 200
    assert json.loads(talk.wire[-1].removeprefix(b"data: "))["error"]["code"] == "upstream_error"
    assert talk.client.answered


@pytest.mark.parametrize(
    ("ending", "wanted"),
    [
        (BudgetExceeded("no"), {b"x-should-retry": b"false"}),
        (BudgetHeld("wait", retry_after_s=1.2), {b"retry-after": b"2"}),
        (BudgetHeld("wait", retry_after_s=0), {b"retry-after": b"1"}),
        (UpstreamError("broken"), {}),
    ],
)
async def test_whether_and_when_to_come_again_is_a_header(
    ending: BudgetExceeded | BudgetHeld | UpstreamError, wanted: dict[bytes, bytes]
) -> None:
    talk = Talk(stream=False)
    heads: list[dict[bytes, bytes]] = []

    async def send(message: object) -> None:
        if isinstance(message, dict) and "headers" in message:
            heads.append(dict(message["headers"]))

    talk.client._send = send
    talk.call.headers["x-tollhouse-reserved-usd"] = "0.01"
    talk.call.degraded = "stored"
    await answer(talk).fail(talk.call, ending)
    (head,) = heads
    assert wanted.items() <= head.items()
    assert (b"retry-after" in head, b"x-should-retry" in head) == (
        b"retry-after" in wanted,
        b"x-should-retry" in wanted,
    )
    assert head[b"x-tollhouse-call-id"] == b"call_1"
    assert head[b"x-tollhouse-reserved-usd"] == b"0.01"
    assert head[b"x-tollhouse-degraded"] == b"stored"
    assert head[b"cache-control"] == b"no-store"
    assert b"connection" not in head


async def test_nobody_is_told_anything_after_leaving() -> None:
    talk = Talk()
    talk.client.left = True
    await answer(talk).stream(talk.call, [said("a")])
    await answer(talk).complete(talk.call, [done()])
    await answer(talk).fail(talk.call, UpstreamError("broken"))
    assert not talk.wire
