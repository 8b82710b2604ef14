"""Programs that speak in lines: what they say, what they log, and that they end."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.tools.program import LOG_LINES_MAX, UNREAD_BYTES_MAX, Program

pytestmark = pytest.mark.anyio

ECHO = "import sys\nfor line in sys.stdin: print('said', line.strip(), flush=True)"
STUBBORN = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('here', flush=True)\n"


def masked(said: str) -> str:
    return said.replace("hush", "********")


@dataclass(slots=True)
class Heard:
    """What a program said, and whether it has ended."""

    program: Program
    lines: asyncio.Queue[bytes]
    ended: asyncio.Event


@contextlib.asynccontextmanager
async def started(code: str, *, line_bytes_max: int = 1_000) -> AsyncIterator[Heard]:
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    ended = asyncio.Event()
    program = Program("peer", on_line=lines.put_nowait, on_end=ended.set, line_bytes_max=line_bytes_max, mask=masked)
    heard = Heard(program, lines, ended)
    await program.start([sys.executable, "-c", code], {})
    try:
        yield heard
    finally:
        await program.stop()


async def test_lines_go_in_and_come_out_whole() -> None:
    async with started(ECHO) as heard:
        assert heard.program.write(b"one")
        assert heard.program.write(b"two" * 100)
        assert await heard.lines.get() == b"said one"
        assert await heard.lines.get() == b"said " + b"two" * 100


async def test_what_it_said_before_it_ended_is_heard() -> None:
    async with started("print('last')") as heard:
        assert await heard.lines.get() == b"last"
        await asyncio.wait_for(heard.ended.wait(), 10)
        assert not heard.program.write(b"more")


async def test_one_that_does_not_read_takes_no_more_than_a_bound() -> None:
    async with started("import time; print('here', flush=True); time.sleep(60)") as heard:
        await heard.lines.get()
        assert heard.program.write(b"x" * (UNREAD_BYTES_MAX - 1))
        assert not heard.program.write(b"x" * UNREAD_BYTES_MAX)


async def test_its_log_is_bounded_and_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "tollhouse.mcp")
    code = "import sys\nsys.stderr.write('key hush\\x1b[0m\\n' * 200 + 'y' * 9999)\nprint('done')"
    async with started(code) as heard:
        await asyncio.wait_for(heard.ended.wait(), 10)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == LOG_LINES_MAX
    assert said[0] == "peer says: key ******** [0m"


async def test_what_was_left_out_of_its_log_is_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING, "tollhouse.mcp")
    monkeypatch.setattr("gateway.tools.program._MINUTE_S", -1.0)
    async with started(ECHO) as heard:
        heard.program._log_lines = LOG_LINES_MAX + 5
        heard.program.tell(b"next")
    assert "peer said 5 lines more" in caplog.text


async def test_one_that_will_not_end_is_killed() -> None:
    async with started(STUBBORN + "time.sleep(60)") as heard:
        await heard.lines.get()
        await asyncio.wait_for(heard.program.stop(0.05), 10)
        assert heard.program.gone


async def test_one_that_closes_its_stdout_is_ended_and_killed_if_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.tools.program.STOP_S", 0.05)
    async with started(STUBBORN + "import os; os.close(1); time.sleep(60)") as heard:
        await heard.lines.get()
        await asyncio.wait_for(heard.ended.wait(), 10)
        async with asyncio.timeout(10):
            while not heard.program.gone:  # noqa: ASYNC110 - nobody is told of it
                await asyncio.sleep(0.01)


async def test_what_was_never_started_is_stopped_at_once() -> None:
    program = Program("none", on_line=print, on_end=print, line_bytes_max=1, mask=masked)
    assert not program.write(b"x")
    await program.stop()
    with pytest.raises(FileNotFoundError):
        await program.start(["/nowhere/at/all"], {})
