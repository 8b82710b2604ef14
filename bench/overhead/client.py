"""The callers: one process with n connections, each with one call at a time, that checks every answer whole.

It makes its connections, warms up, prints `ready`, waits for a line, measures, and prints its figures as JSON.
"""

import argparse
import asyncio
import json
import re
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import cast

import httptools
import uvloop

from bench.overhead import workloads
from bench.overhead.workloads import Workload

ERRORS_KEPT = 3
PATIENCE_S = 60.0
_FINISH = re.compile(rb'"finish_reason":\s*"stop"')
_MEMBERS = {name: re.compile(rb'"%b":\s*"((?:[^"\\]|\\.)*)"' % name.encode()) for name in ("content", "arguments")}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one measurement showed; times in milliseconds, from the request's first byte to the answer's last."""

    calls: int
    failed: int
    errors: list[str]
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    first_p50_ms: float


class Tally:
    """Times and errors of all connections in one phase, and whether it is over."""

    def __init__(self, seconds: float, calls_max: int | None) -> None:
        self.times_us = array("q")
        self.first_us = array("q")
        self.errors: list[str] = []
        self.failed = 0
        self.started = time.perf_counter()
        self.ends = self.started + seconds
        self._left = calls_max

    def another(self) -> bool:
        """Tell whether one more call may be made."""
        if self._left is not None:
            self._left -= 1
            return self._left >= 0
        return time.perf_counter() < self.ends

    def fail(self, reason: str) -> None:
        """Count an answer that is not what it must be."""
        self.failed += 1
        if len(self.errors) < ERRORS_KEPT:
            self.errors.append(reason)

    def figures(self) -> Figures:
        """Return the figures so far."""
        seconds = time.perf_counter() - self.started
        return Figures(
            calls=len(self.times_us),
            failed=self.failed,
            errors=self.errors,
            seconds=round(seconds, 4),
            p50_ms=_quantile_ms(self.times_us, 0.50),
            p95_ms=_quantile_ms(self.times_us, 0.95),
            p99_ms=_quantile_ms(self.times_us, 0.99),
            first_p50_ms=_quantile_ms(self.first_us, 0.50),
        )


def _quantile_ms(times_us: "array[int]", share: float) -> float:
    if not times_us:
        return 0.0
    ranked = sorted(times_us)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] / 1000


class Heads:
    """The head of each request: the keys take turns, and so do the runs that the calls say they belong to."""

    def __init__(self, port: int, keys: list[str], headers: list[str], runs: int) -> None:
        first = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
        rest = "".join(f"{line}\r\n" for line in ("content-type: application/json", *headers))
        self._heads = [f"{first}authorization: Bearer {key}\r\n{rest}".encode() for key in keys]
        self._runs = runs

    def of(self, serial: int, length: int) -> bytes:
        """Return the head of a call with a body of so many bytes."""
        run = b"x-run-id: bench-%d\r\n" % (serial % self._runs) if self._runs else b""
        return b"%b%bcontent-length: %d\r\n\r\n" % (self._heads[serial % len(self._heads)], run, length)


class Caller(asyncio.Protocol):
    """One connection: asks, checks, asks again until the phase is over, then fulfils ``idle``."""

    def __init__(
        self, workload: Workload, heads: Heads, serial: "count[int]", *, pause_s: float = 0.0, done: bool = True
    ) -> None:
        self._workload = workload
        self._pause_s = pause_s
        self._done = done
        self._heads = heads
        self._serial = serial
        self._pieces: list[bytes] = []
        self._tally: Tally | None = None
        self._idle: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready to ask."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class, only by behaviour
        self._parser = httptools.HttpResponseParser(self)

    def run(self, tally: Tally) -> "asyncio.Future[None]":
        """Start a phase; the future ends with it."""
        self._tally = tally
        self._idle = asyncio.get_running_loop().create_future()
        if self._transport.is_closing():
            self._end("the server closed the connection between two phases")
        else:
            self._ask()
        return self._idle

    def _ask(self) -> None:
        assert self._tally is not None
        if self._transport.is_closing():
            return  # while it paused; connection_lost has said so
        if not self._tally.another():
            self._end(None)
            return
        serial = next(self._serial)
        body = self._workload.body(serial)
        self._pieces.clear()
        self._asked = time.perf_counter_ns()
        self._transport.write(self._heads.of(serial, len(body)) + body)

    def _end(self, reason: str | None) -> None:
        if self._tally is None or self._idle is None or self._idle.done():
            return
        if reason is not None:
            self._tally.fail(reason)
        self._idle.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Parse what came; the parser calls the methods below."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the answer."""
        if not self._pieces and self._tally is not None:
            self._tally.first_us.append((time.perf_counter_ns() - self._asked) // 1000)
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Check the answer and ask again."""
        assert self._tally is not None
        self._tally.times_us.append((time.perf_counter_ns() - self._asked) // 1000)
        status = self._parser.get_status_code()
        wrong = _wrong(self._workload, status, b"".join(self._pieces), done=self._done)
        if wrong is not None:
            self._tally.fail(wrong)
        if self._parser.should_keep_alive():
            if self._pause_s:
                asyncio.get_running_loop().call_later(self._pause_s, self._ask)
            else:
                self._ask()
        else:
            self._end("the server does not keep the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Count an answer that will not come."""
        self._end(f"connection lost: {exc or 'closed by the server'}")


def _wrong(workload: Workload, status: int, body: bytes, *, done: bool) -> str | None:
    """Say what is wrong with an answer: status, text (all of it, in order), and a stream's end."""
    if status != 200:
        return f"status {status}: {body[:300].decode(errors='replace')}"
    text = b"".join(_MEMBERS[workload.member].findall(body))
    if text != workload.answer:
        return f"text differs: {len(text)} bytes of {len(workload.answer)}: {body[:300].decode(errors='replace')}"
    if workload.stream and not (body.rstrip().endswith(b"data: [DONE]") if done else _FINISH.search(body)):
        return f"no end of stream: {body[-100:].decode(errors='replace')}"
    return None


async def _phase(callers: list[Caller], tally: Tally) -> Figures:
    async with asyncio.timeout(tally.ends - tally.started + PATIENCE_S):
        await asyncio.gather(*(caller.run(tally) for caller in callers))
    return tally.figures()


async def _main(arguments: argparse.Namespace) -> None:
    workload: Workload = getattr(workloads, arguments.workload.upper())
    keys = arguments.keys.read_text().split() if arguments.keys else [arguments.key]
    heads = Heads(arguments.port, keys, arguments.header, arguments.runs)
    loop, serial = asyncio.get_running_loop(), count(time.time_ns() // 1_000_000)
    callers: list[Caller] = []

    def make() -> Caller:
        return Caller(workload, heads, serial, pause_s=arguments.pause_s, done=arguments.done)

    for _ in range(arguments.callers):
        _, caller = await loop.create_connection(make, "127.0.0.1", arguments.port)
        callers.append(caller)
    if arguments.warm_s:
        await _phase(callers, Tally(arguments.warm_s, None))
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(await _phase(callers, Tally(arguments.seconds, arguments.calls)))), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--callers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--warm-s", type=float, default=0.0)
    parser.add_argument("--calls", type=int, help="instead of seconds")
    parser.add_argument("--header", action="append", default=[], help="one more, as `name: value`")
    parser.add_argument("--no-done", dest="done", action="store_false", help="streams end without [DONE]")
    parser.add_argument("--pause-s", type=float, default=0.0, help="between an answer and the next question")
    parser.add_argument("--key", default="none")
    parser.add_argument("--keys", type=Path, help="a file of keys, one a line, that take turns")
    parser.add_argument("--runs", type=int, default=0, help="say in turns that a call belongs to one of so many runs")
    uvloop.run(_main(parser.parse_args()))
