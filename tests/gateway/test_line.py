"""The short way between server and application answers exactly as ASGI's messages would."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gateway.client import Client
from gateway.line import EXTENSION
from gateway.server import running

pytestmark = pytest.mark.anyio


class App:
    """Answers with the body it got; `short` decides whether it may use the short way."""

    def __init__(self, headers: Sequence[tuple[bytes, bytes]] = (), *, short: bool = True) -> None:
        self.headers = headers
        self.short = short
        self.lines: list[bool] = []
        self.broken: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.lines.append(EXTENSION in scope["extensions"])
        if not self.short:
            del scope["extensions"]
        client = Client(scope, receive, send)
        body = await client.body(bytes_max=1_000_000, read_s_max=5.0)
        try:
            await client.answer(200, self.headers, b"got " + body)
        except RuntimeError as broken:
            self.broken = broken
            await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})


async def talk(app: App, *pieces: bytes) -> bytes:
    """Send pieces on one connection; return all that came until it was closed."""
    async with running(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()
        return answer


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (POST + b"\r\nhello",),
        (POST + b"\r\nhe", b"llo"),
        (POST + b"Connection: close\r\n\r\nhello",),
        (POST + b"\r\nhello" + POST + b"\r\nworld",),
        (POST + b"Expect: 100-continue\r\n\r\n", b"hello"),
        (b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n",),
    ],
)
async def test_the_short_way_and_the_long_one_say_the_same(pieces: tuple[bytes, ...]) -> None:
    headers = [(b"x-a", b"1"), (b"content-type", b"text/plain")]
    short, long = App(headers), App(headers, short=False)
    answers = [_undated(await talk(app, *pieces)) for app in (short, long)]
    assert answers[0] == answers[1]
    assert answers[0].count(b"got ") == b"".join(pieces).count(b"POST")
    assert all(short.lines)


async def test_an_answer_with_a_line_end_in_a_header_never_leaves() -> None:
    app = App([(b"x-a", b"1\r\nx-b: 2")])
    assert b"x-b" not in await talk(app, POST + b"\r\nhello")
    assert app.broken is not None


async def test_a_large_answer_to_a_client_that_reads_slowly_arrives_whole() -> None:
    app = App()
    body = b"a" * 900_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    answer = await talk(app, (head + body) * 3)
    assert answer.count(b"got ") == 3
    assert len(answer.replace(b"got ", b"")) > 3 * len(body)


def _undated(answer: bytes) -> bytes:
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"date:"))


class Beginning(App):
    """Takes every request into a task of its own, and answers as `act` does."""

    def __init__(self, act: Callable[[Client], Awaitable[None]]) -> None:
        super().__init__()
        self.act = act
        self.left = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(self, scope: Any, receive: Any, send: Any) -> bool:
        client = Client(scope, receive, send)
        client.watch(self.left.set)
        task = asyncio.get_running_loop().create_task(self._live(client))
        self.tasks.add(task)
        return True

    async def _live(self, client: Client) -> None:
        await self.act(client)
        client.let_go()


async def test_a_request_that_is_taken_needs_no_task_of_the_servers() -> None:
    async def answer(client: Client) -> None:
        await client.answer(200, [], b"got " + await client.body(bytes_max=1_000, read_s_max=5.0))

    app = Beginning(answer)
    answers = await talk(app, POST + b"\r\nhe", b"llo" + POST + b"\r\nworld")
    assert answers.count(b"200 OK") == 2
    assert b"got hello" in answers
    assert b"got world" in answers
    assert (app.lines, len(app.tasks)) == ([], 2)
    assert not app.left.is_set()


async def test_a_client_that_leaves_is_told_of_at_once_and_nothing_is_written_to_it() -> None:
    async def wait(client: Client) -> None:
        await app.left.wait()
        assert client.left
        await client.answer(200, [], b"to nobody")

    app = Beginning(wait)
    async with running(app) as server:
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(POST + b"\r\nhello")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(app.left.wait(), 5)
        await asyncio.gather(*app.tasks)


async def test_a_request_that_ends_without_an_answer_ends_its_connection() -> None:
    async def fall_silent(_: Client) -> None:
        await asyncio.sleep(0)

    assert await talk(Beginning(fall_silent), POST + b"\r\nhello") == b""
