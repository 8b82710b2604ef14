"""What a client sends wrongly costs nothing, says what is wrong and with which figures, and disturbs nobody."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.faults.exact import ECHO, nothing_lost
from tests.gateway.live import Live, chat, live

pytestmark = pytest.mark.anyio

PATH = "/v1/chat/completions"
BOUNDS = {"body_bytes_max": 65_536, "body_read_s_max": 0.5, "header_read_s_max": 0.5, "header_bytes_max": 4_096}


@pytest.fixture(scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live(tmp_path_factory.mktemp("gate"), script=ECHO, bounds=BOUNDS) as gate:
        yield gate


def _deep(levels: int) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":' + b"[" * levels + b"]" * levels + b"}"


def _body(**members: Any) -> bytes:
    return json.dumps({**chat("hello"), **members}).encode()


BAD = {
    "broken": (b'{"model": "m", "messages": [', "not valid JSON", None),
    "empty": (b"", "not valid JSON", None),
    "no utf-8": (b'{"model": "\xff"}', "not valid JSON", None),
    "a scalar": (b'"hello"', "must be a JSON object", None),
    "a duplicate key": (b'{"model":"m","model":"n","messages":[]}', "'model' stands twice", None),
    "a duplicate key deep inside": (
        b'{"model":"m","messages":[{"role":"user","content":"a","content":"b"}]}',
        "'content' stands twice",
        None,
    ),
    "a duplicate key in another spelling": (
        b'{"model":"m","messages":[{"role":"user","content":"a","c\\u006fntent":"b"}]}',
        "'content' stands twice",
        None,
    ),
    "a lone surrogate": (b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}', "not valid JSON", None),
    "an integer beyond 64 bits": (_body(seed=2**70), "does not fit 64 bits", None),
    "65 levels": (_deep(64), "nested 65 deep; at most 64", None),
    "100,000 levels": (_deep(20_000), "not valid JSON", None),
    "no model": (b'{"messages":[{"role":"user","content":"x"}]}', "model must be", "model"),
    "a model that is a number": (_body(model=3), "model must be", "model"),
    "no messages": (b'{"model":"m"}', "messages must be", "messages"),
    "messages that are a string": (_body(messages="hello"), "messages must be", "messages"),
    "a message that is a string": (_body(messages=["hello"]), "messages[0] must be", "messages[0]"),
    "a role that nobody has": (_body(messages=[{"role": "boss", "content": ""}]), "role must be", "messages[0].role"),
    "content that is a number": (
        _body(messages=[{"role": "user", "content": 7}]),
        "messages[0].content must be",
        "messages[0].content",
    ),
    "stream that is a string": (_body(stream="true"), "stream must be true or false", "stream"),
    "n that is text": (_body(n="2"), "n must be an integer from 1 to 128", "n"),
    "n that is 0": (_body(n=0), "n must be an integer from 1 to 128", "n"),
    "n that is 129": (_body(n=129), "n must be an integer from 1 to 128", "n"),
    "a negative limit": (_body(max_tokens=-1), "max_tokens must be an integer from 1", "max_tokens"),
    "a limit that is true": (_body(max_tokens=True), "max_tokens must be an integer from 1", "max_tokens"),
    "tools that are an object": (_body(tools={}), "tools must be a list", "tools"),
    "a tool without a name": (_body(tools=[{"type": "function", "function": {}}]), "an object with a name", None),
    "stream options that are a list": (_body(stream_options=[]), "stream_options must be an object", "stream_options"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_body_is_400_with_its_reason_and_costs_nothing(gate: Live, name: str) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        body, words, param = BAD[name]
        reply = await gate.http.post(PATH, content=body)
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (400, "invalid_request"), error
        assert words in error["message"]
        assert param is None or error["param"] == param
        assert reply.headers["x-should-retry"] == "false"


async def test_a_body_over_its_bound_is_413_whether_it_says_so_or_not(gate: Live) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {gate.token}\r\n"
    async with nothing_lost(gate, ended=2, sent=0):
        for framing in ("content-length: 9000000", "transfer-encoding: chunked"):
            piece = b"2000\r\n" + b"x" * 8_192 + b"\r\n"
            answer = await _raw(gate, f"{head}{framing}\r\n\r\n".encode(), *[piece] * 12)
            top, _, body = answer.partition(b"\r\n\r\n")
            error = json.loads(body)["error"]
            assert top.startswith(b"HTTP/1.1 413 ")
            assert (error["code"], error["limit"]) == ("request_too_large", 65_536)
            assert "65536" in error["message"]


async def test_a_packed_body_is_refused_not_unpacked(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        reply = await gate.http.post(PATH, content=b"\x1f\x8b", headers={"content-encoding": "gzip"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"authorization": ""}, "no API key"),
        ({"authorization": "Bearer sk-th-nobody-0000000000000000"}, "unknown, expired or revoked"),
        ({"authorization": "Basic Zm9vOmJhcg=="}, "no API key"),
        ({"authorization": "", "x-api-key": "x" * 3_000}, "unknown, expired or revoked"),
    ],
)
async def test_a_stranger_is_401_without_a_record_and_without_a_look_at_the_body(
    gate: Live, headers: dict[str, str], words: str
) -> None:
    async with nothing_lost(gate, ended=0, sent=0):
        before = gate.app.house.book.size
        reply = await gate.http.post(PATH, content=b"{", headers=headers)
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (401, "invalid_api_key")
        assert words in error["message"]
        assert gate.app.house.book.size == before
        await gate.app.strangers.write()
        record = gate.records("strangers")[-1]
        assert record["counts"] == {"invalid_api_key": 1}


async def test_a_revoked_key_is_401_from_the_next_call_on(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=1):
        token = await gate.new_key()
        headers = {"authorization": f"Bearer {token}"}
        assert (await gate.http.post(PATH, json=chat("hello"), headers=headers)).status_code == 200
        await gate.app.registry.revoke_key("test", token.split("-")[2])
        reply = await gate.http.post(PATH, json=chat("hello"), headers=headers)
        assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")


async def test_an_unknown_model_is_404_and_a_forbidden_one_403(gate: Live) -> None:
    async with nothing_lost(gate, ended=2, sent=0):
        unknown = await gate.http.post(PATH, json=chat("hello", model="gpt-99"))
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")
        token = await gate.new_key(models=frozenset({"another"}))
        headers = {"authorization": f"Bearer {token}"}
        forbidden = await gate.http.post(PATH, json=chat("hello"), headers=headers)
        assert (forbidden.status_code, forbidden.json()["error"]["code"]) == (403, "model_not_allowed")
        assert unknown.json()["error"]["param"] == forbidden.json()["error"]["param"] == "model"


async def test_a_route_that_cannot_be_metered_is_refused_and_recorded(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        reply = await gate.http.post("/v1/images/generations", json={"prompt": "a house"})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported_route")


async def _raw(gate: Live, *pieces: bytes, pause_s: float = 0.0, wait_s: float = 5.0) -> bytes:
    """Send pieces on a socket of our own, and return all that comes back until the other side ends it."""
    host, port = gate.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(wait_s):
            with contextlib.suppress(ConnectionError):  # ended while we were still sending
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause_s)
            return await reader.read()
    finally:
        writer.close()


async def test_a_half_sent_head_is_408_in_time(gate: Live) -> None:
    async with nothing_lost(gate, ended=0, sent=0):
        assert (await _raw(gate, b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n")).startswith(b"HTTP/1.1 408 ")


async def test_an_endless_head_is_431_at_its_bound(gate: Live) -> None:
    async with nothing_lost(gate, ended=0, sent=0):
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n" + b"x-more: " + b"y" * 16_384
        assert (await _raw(gate, head)).startswith(b"HTTP/1.1 431 ")


async def test_a_slow_body_is_given_up_in_time_and_its_key_may_go_on(gate: Live) -> None:
    async with nothing_lost(gate, ended=1, sent=0):
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {gate.token}\r\n"
            "content-length: 4000\r\nconnection: close\r\n\r\n"
        ).encode()
        answer = await _raw(gate, head, *[b" "] * 12, pause_s=0.1)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"did not arrive in time" in answer
