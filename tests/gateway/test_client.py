"""The client's side over ASGI: its body within bounds, our answer, and whether anybody is still there."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.client import Client
from gateway.errors import ClientLeft, InvalidRequest, RequestTooLarge

pytestmark = pytest.mark.anyio


class Wire:
    """An ASGI connection: `incoming` is what the client sends, then silence or its leaving."""

    def __init__(self, incoming: Iterable[bytes] = (), *, leaves: bool = False, **headers: str) -> None:
        self.incoming = list(incoming)
        self.leaves = leaves
        self.sent: list[dict[str, Any]] = []
        scope = {"headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}
        self.client = Client(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if self.incoming:
            piece = self.incoming.pop(0)
            more = bool(self.incoming) or self.leaves or self.client.headers.get("endless") is not None
            return {"type": "http.request", "body": piece, "more_body": more}
        if not self.leaves:
            await asyncio.sleep(3_600)
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)


async def test_a_body_in_pieces_is_one_body() -> None:
    wire = Wire([b"ab", b"", b"cd"], content_length="4")
    assert wire.client.unread
    assert await wire.client.body(bytes_max=4, read_s_max=1) == b"abcd"
    assert not wire.client.unread


@pytest.mark.parametrize("pieces", [[b"abcde"], [b"ab", b"cd", b"e"]])
async def test_a_body_over_its_bound_is_refused_with_both_figures(pieces: list[bytes]) -> None:
    with pytest.raises(RequestTooLarge) as refused:
        await Wire(pieces, transfer_encoding="chunked").client.body(bytes_max=4, read_s_max=1)
    assert (refused.value.limit, refused.value.actual) == (4, 5)


async def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    wire = Wire([b"x"], content_length="5")
    with pytest.raises(RequestTooLarge):
        await wire.client.body(bytes_max=4, read_s_max=1)
    assert wire.incoming == [b"x"]


@pytest.mark.parametrize("pieces", [[], [b"a", b"b"]])
async def test_a_body_that_does_not_come_in_time_is_refused(pieces: list[bytes]) -> None:
    with pytest.raises(InvalidRequest, match="in time"):
        await Wire(pieces, endless="1", content_length="9").client.body(bytes_max=9, read_s_max=0.02)


async def test_leaving_before_the_body_s_end_is_seen_by_both_who_wait() -> None:
    wire = Wire([b"a"], leaves=True, content_length="9")
    watch = asyncio.ensure_future(wire.client.gone())
    with pytest.raises(ClientLeft):
        await wire.client.body(bytes_max=9, read_s_max=1)
    await watch
    assert wire.client.left


async def test_once_it_left_nothing_is_written() -> None:
    wire = Wire([b""], leaves=False)
    await wire.client.body(bytes_max=9, read_s_max=1)
    wire.leaves = True
    await wire.client.gone()
    client = wire.client
    await client.begin(200, [])
    await client.write(b"x")
    await client.end()
    await client.answer(200, [], b"x")
    assert client.left
    assert not wire.sent


async def test_a_stream_is_a_head_pieces_and_an_end() -> None:
    wire = Wire([b""])
    await wire.client.begin(200, [(b"a", b"b")])
    await wire.client.write(b"x")
    await wire.client.end(b"y")
    assert [message.get("more_body") for message in wire.sent] == [None, True, None]
    assert wire.client.answered


async def test_an_answer_before_the_body_s_end_waits_a_moment_for_the_rest_and_then_ends() -> None:
    wire = Wire([b"a", b"b", b"c"], content_length="3")
    await wire.client.answer(413, [], b"no")
    assert [message.get("body") for message in wire.sent[1:]] == [b"no", b""]
    assert not wire.incoming


async def test_of_repeated_headers_the_last_counts() -> None:
    client = Client({"headers": [(b"a", b"1"), (b"a", b"2")]}, None, None)  # type: ignore[arg-type]
    assert client.headers == {"a": "2"}
