"""A model provider that costs next to nothing: raw asyncio and httptools, canned replies, and a memory of what it got.

POST anything: the model's name in the body chooses the reply. GET /seen: how many calls came, and the last one's body.
GET /think/50: from now on each reply begins 50 ms after its request.
"""

import argparse
import asyncio
import json
from typing import Any, cast

import httptools
import orjson
import uvloop

from bench.overhead.workloads import (
    BURST,
    ECHO,
    LARGE,
    PACED,
    PLAIN,
    PLAIN_ANSWER,
    STREAM_PIECES,
    TOOL,
    TOOL_ARGUMENTS,
    TOOLS,
)

PACE_S = 0.010
_USAGE = {"prompt_tokens": 350, "completion_tokens": 100, "total_tokens": 450}
_HEAD = {"id": "chatcmpl-bench", "created": 1_700_000_000, "model": "bench"}


def _plain(text: str) -> bytes:
    return _whole({"role": "assistant", "content": text}, "stop")


def _proposal(number: int) -> bytes:
    """Call the tool, under an id of its own."""
    function = {"name": TOOL, "arguments": TOOL_ARGUMENTS}
    called = {"id": f"call_{number:024x}", "type": "function", "function": function}
    return _whole({"role": "assistant", "content": None, "tool_calls": [called]}, "tool_calls")


def _whole(message: dict[str, Any], finish: str) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    body = orjson.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE})
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def _event(delta: dict[str, str] | None, finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    tree: dict[str, Any] = {**_HEAD, "object": "chat.completion.chunk", "choices": choices}
    return b"data: " + orjson.dumps(tree | ({"usage": usage} if usage else {})) + b"\n\n"


def _chunk(payload: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(payload), payload)


_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EVENTS = [_chunk(_event({"content": piece})) for piece in STREAM_PIECES]
_FINISH = _chunk(_event({}, finish="stop"))
_USAGE_EVENT = _chunk(_event(None, usage=_USAGE))
_DONE = _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"
_PLAIN_REPLY = _plain(PLAIN_ANSWER)


class Memory:
    """What this provider was sent."""

    def __init__(self) -> None:
        self.calls = 0
        self.body = b""
        self.think_s = 0.0


class Provider(asyncio.Protocol):
    """One connection."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._loop = asyncio.get_running_loop()
        self._url = b""
        self._pieces: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to parse."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class, only by behaviour
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came; the parser calls the methods below."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Forget the request before."""
        self._url = b""
        self._pieces.clear()

    def on_url(self, url: bytes) -> None:
        """Keep the path."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """Keep the body."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._parser.get_method() == b"GET":
            if self._url.startswith(b"/think/"):
                self._memory.think_s = int(self._url[7:]) / 1000
            self._tell()
            return
        body = b"".join(self._pieces)
        self._memory.calls += 1
        self._memory.body = body
        if self._memory.think_s:
            self._loop.call_later(self._memory.think_s, self._answer, body)
        else:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if PLAIN.model.encode() in body or LARGE.model.encode() in body:
            self._transport.write(_PLAIN_REPLY)
        elif TOOLS.model.encode() in body:
            self._transport.write(_proposal(self._memory.calls))
        elif ECHO.model.encode() in body:
            self._transport.write(_plain(orjson.loads(body)["messages"][-1]["content"]))
        else:
            self._stream(body)

    def _stream(self, body: bytes) -> None:
        tail = _FINISH + (_USAGE_EVENT if b"include_usage" in body else b"") + _DONE
        if BURST.model.encode() in body:
            self._transport.write(_STREAM_HEAD + b"".join(_EVENTS) + tail)
        elif PACED.model.encode() in body:
            self._transport.write(_STREAM_HEAD)
            self._pace(0, tail)
        else:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")

    def _pace(self, at: int, tail: bytes) -> None:
        """Send one event each PACE_S, as a model does, only faster."""
        if self._transport.is_closing():
            return
        if at == len(_EVENTS):
            self._transport.write(tail)
            return
        self._transport.write(_EVENTS[at])
        self._loop.call_later(PACE_S, self._pace, at + 1, tail)

    def _tell(self) -> None:
        seen = {"calls": self._memory.calls, "body": self._memory.body.decode(errors="replace")}
        body = json.dumps(seen).encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def serve(port: int) -> None:
    """Listen on loopback until killed."""
    memory = Memory()
    server = await asyncio.get_running_loop().create_server(lambda: Provider(memory), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    uvloop.run(serve(arguments.parse_args().port))
