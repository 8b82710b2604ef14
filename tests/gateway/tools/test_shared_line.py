"""Many clients on one line: bytes that are not ours to change stay, and nothing reaches the wrong one."""

import asyncio
import json
from typing import Any

import pytest

from gateway.tools.shared_line import LineReply, SharedLine, Whole, members, meta_of, word
from gateway.upstream.failure import UpstreamFailure

pytestmark = pytest.mark.anyio


class Peer:
    """Keeps what was written, while it takes it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.takes = True

    def __call__(self, line: bytes) -> bool:
        self.lines += [line] if self.takes else []
        return self.takes


def asked(line: SharedLine, text: str, session: str | None = None, wait_s: float = 10) -> LineReply:
    return line.ask(members(text.encode()), session=session, until_s=asyncio.get_running_loop().time() + wait_s)


async def test_numbers_and_texts_keep_their_bytes_both_ways() -> None:
    peer = Peer()
    line = SharedLine(peer, waiting_max=9)
    reply = asked(line, '{"id": "a", "method": "m", "params": {"n": 1.10, "big": 123456789012345678901234567890}}')
    assert b'"n":1.10' in peer.lines[0].replace(b" ", b"")
    assert b"123456789012345678901234567890" in peer.lines[0]
    assert line.hear(b'{"id": 1, "result": {"n": 2.50}}')
    assert await reply.read(1_000) == b'{"id":"a","result":{"n": 2.50}}'


async def test_a_peer_that_takes_nothing_is_busy_and_so_is_a_full_line() -> None:
    peer = Peer()
    line = SharedLine(peer, waiting_max=1)
    peer.takes = False
    with pytest.raises(UpstreamFailure, match="busy"):
        asked(line, '{"id": 1}')
    peer.takes = True
    first = asked(line, '{"id": 1}')
    with pytest.raises(UpstreamFailure, match="busy"):
        asked(line, '{"id": 2}')
    first.abort()
    asked(line, '{"id": 2}')


async def test_an_id_that_a_session_uses_twice_names_the_later_message() -> None:
    peer = Peer()
    line = SharedLine(peer, waiting_max=9)
    first, second = asked(line, '{"id": 1}', "s"), asked(line, '{"id": 1}', "s")
    assert line.hear(b'{"id":1,"result":{}}')
    assert await first.read(100) == b'{"id":1,"result":{}}'
    line.cancel("s", b"1")
    with pytest.raises(UpstreamFailure, match="cancelled"):
        await second.read(100)
    assert json.loads(peer.lines[-1])["params"]["requestId"] == 2


async def test_progress_for_one_that_asked_for_none_is_dropped_and_what_waits_is_bounded() -> None:
    line = SharedLine(Peer(), waiting_max=9)
    silent = asked(line, '{"id": 1}')
    loud = asked(line, '{"id": 2, "params": {"_meta": {"progressToken": 5}}}')
    for number in (1, 2, 3):
        for _ in range(100):
            told: dict[str, Any] = {"method": "notifications/progress", "params": {"progressToken": number}}
            assert line.hear(json.dumps(told).encode())
        assert line.hear(json.dumps({"id": number, "result": {}}).encode())
    assert await silent.read(100) == b'{"id":1,"result":{}}'
    assert len([chunk async for chunk in loud.chunks(1_000)]) == 65


@pytest.mark.parametrize("said", [b"not json", b"[1]", b'{"method":"notifications/progress","params":[]}'])
async def test_what_is_no_message_is_said_to_be_none(said: bytes) -> None:
    assert not SharedLine(Peer(), waiting_max=1).hear(said)


@pytest.mark.parametrize("said", [b'{"id":null}', b'{"id":"x"}', b'{"id":-1}', b'{"result":{}}', b'{"id":77}'])
async def test_an_answer_to_nothing_is_nobody_s(said: bytes) -> None:
    assert SharedLine(Peer(), waiting_max=1).hear(said)


async def test_once_the_peer_is_gone_nobody_can_ask() -> None:
    line = SharedLine(Peer(), waiting_max=9)
    waits = asked(line, '{"id": 1}', "s")
    line.fail("ended")
    with pytest.raises(UpstreamFailure) as lost:
        await waits.read(100)
    with pytest.raises(UpstreamFailure) as refused:
        asked(line, '{"id": 2}')
    assert (lost.value.sent, refused.value.sent) == (True, False)


async def test_an_answer_that_is_there_is_read_in_either_way() -> None:
    whole = Whole(200, b"{}", {"mcp-session-id": "s"})
    assert (whole.header("mcp-session-id"), whole.header("content-type")) == ("s", "application/json")
    assert await whole.read(1) == b"{}"
    assert [chunk async for chunk in whole.chunks(1)] == [b"{}"]
    whole.abort()


def test_words_and_meta_that_are_none_are_nothing() -> None:
    assert word(members(b'{"a": 1}')["a"]) == word(None) == ""
    assert meta_of(members(b'{"_meta": 3}')) == {}
