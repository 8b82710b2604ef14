import asyncio

import pytest

from agents.scripted import ScriptedServer
from agents.scripted.wire import chunk, ok, reply

pytestmark = pytest.mark.anyio
BODY = b'{"model":"m","messages":[{"role":"user","content":"%d"}]}'


def post(number: int, head: bytes = b"") -> bytes:
    body = BODY % number
    return b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)


async def talk(server: ScriptedServer, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.01)
    writer.write_eof()
    got = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return got


async def test_pipelined_requests_are_answered_in_order_even_if_the_first_is_slow() -> None:
    async with ScriptedServer() as server:
        server.fault("slow", delay_s=0.1, times=1)
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(post(1) + post(2) + post(3))
        got = b""
        async with asyncio.timeout(5):
            while got.count(b"HTTP/1.1 200") < 3 or not got.endswith(b"}"):
                got += await reader.read(65_536)
        writer.close()
        await writer.wait_closed()
        places = [got.find(b'"content":"%d"' % number) for number in (1, 2, 3)]
        assert places == sorted(places)
        assert -1 not in places


async def test_a_request_cut_anywhere_is_read_whole() -> None:
    async with ScriptedServer() as server:
        whole = post(7)
        got = await talk(server, whole[:10], whole[10:60], whole[60:])
        assert b'"content":"7"' in got


async def test_what_is_no_http_is_told_so_and_too_many_headers_too() -> None:
    async with ScriptedServer() as server:
        assert (await talk(server, b"hello\r\n\r\n")).startswith(b"HTTP/1.1 400")
        many = b"".join(b"X-%d: a\r\n" % number for number in range(300))
        assert (await talk(server, post(1, many))).startswith(b"HTTP/1.1 400")
        assert not server.seen


async def test_a_client_that_waits_for_leave_gets_it() -> None:
    async with ScriptedServer() as server:
        got = await talk(server, post(1, b"Expect: 100-continue\r\n"))
        assert got.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_replies_are_framed() -> None:
    assert ok(b"{}").endswith(b"content-length: 2\r\n\r\n{}")
    assert reply(529, b"x", {"retry-after": "1"}).startswith(b"HTTP/1.1 529 Status\r\n")
    assert chunk(b"a" * 16) == b"10\r\n" + b"a" * 16 + b"\r\n"
