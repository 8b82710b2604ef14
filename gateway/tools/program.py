"""A program that speaks in lines over stdin and stdout, from its start to its end; what it says on stderr is logged.

    made ──start──▶ running ──it ends, closes stdout or writes a line without end──▶ ended
                       └──stop: stdin closed, SIGTERM, after a while SIGKILL──────────┘
It runs in a session of its own, with the environment that it is given and nothing of ours. Bounded: a line's bytes,
what waits in stdin, the lines of its log a minute, the time in which it may end.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import cast

log = logging.getLogger("tollhouse.mcp")

UNREAD_BYTES_MAX = 8 << 20
LOG_LINES_MAX = 60
LOG_CHARS_MAX = 500
STOP_S = 3.0
_LAST_WORDS_S = 0.2
_MINUTE_S = 60.0
_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Program(asyncio.SubprocessProtocol):
    """One life of a program. `on_line` gets each line of stdout, `on_end` is called once, when it has ended.

    `mask` hides in a line of its log what a log must not show.
    """

    def __init__(
        self,
        name: str,
        *,
        on_line: Callable[[bytes], None],
        on_end: Callable[[], None],
        line_bytes_max: int,
        mask: Callable[[str], str],
    ) -> None:
        self._name = name
        self._on_line = on_line
        self._on_end = on_end
        self._line_bytes_max = line_bytes_max
        self._mask = mask
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._line = bytearray()
        self._told = bytearray()
        self._log_lines = 0
        self._log_since_s = float("-inf")
        self._exited = asyncio.Event()
        self.ended = False
        self.gone = False

    async def start(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Start it; OSError if there is no such program."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.subprocess_exec(lambda: self, *command, env=dict(environ), start_new_session=True)
        self._transport = transport
        self._stdin = cast("asyncio.WriteTransport", transport.get_pipe_transport(_STDIN))

    def write(self, line: bytes) -> bool:
        """Write one line; False if it has ended, or does not read what it was given."""
        if self.ended or self._stdin is None or self._stdin.get_write_buffer_size() + len(line) > UNREAD_BYTES_MAX:
            return False
        self._stdin.write(line + b"\n")
        return True

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what it says."""
        if fd == _STDERR:
            self._hear(data)
        elif not self.ended:
            self._read(data)

    def _read(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole, self._line = bytes(self._line) + line, bytearray()
            if whole.strip():
                self._on_line(whole)
        self._line += rest
        if len(self._line) > self._line_bytes_max:
            log.warning("%s wrote a line of more than %d bytes and is ended", self._name, self._line_bytes_max)
            self._line.clear()
            self._kill(signal.SIGKILL)
            self._end()

    def _hear(self, data: bytes) -> None:
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole, self._told = bytes(self._told) + line, bytearray()
            self.tell(whole)
        self._told = (self._told + rest)[: 4 * LOG_CHARS_MAX]

    def tell(self, said: bytes) -> None:
        """Log what it said beside its messages: a line, cut, masked, and not too many of them."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._log_since_s > _MINUTE_S:
            if self._log_lines > LOG_LINES_MAX:
                log.warning("%s said %d lines more", self._name, self._log_lines - LOG_LINES_MAX)
            self._log_since_s, self._log_lines = now_s, 0
        self._log_lines += 1
        if self._log_lines > LOG_LINES_MAX:
            return
        text = self._mask(said[: 4 * LOG_CHARS_MAX].decode("utf-8", "replace"))
        shown = "".join(char if char.isprintable() else " " for char in text[:LOG_CHARS_MAX])
        log.warning("%s says: %s", self._name, shown)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        """Without its stdout it can answer nothing any more."""
        if fd == _STDOUT and not self.ended:
            self._kill(signal.SIGTERM)
            asyncio.get_running_loop().call_later(STOP_S, self._kill, signal.SIGKILL)
            self._end()

    def process_exited(self) -> None:
        """Note that it has ended; what it said last may still be in the pipe."""
        self._exited.set()
        if self.ended:
            self._end()
        else:
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._end)

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self._on_end()
        if self._exited.is_set():
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self.gone = True

    def _kill(self, number: signal.Signals) -> None:
        """Signal it and all that it started in its session."""
        if self._transport is not None and self._transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._transport.get_pid(), number)

    async def stop(self, wait_s: float = STOP_S) -> None:
        """End it: its stdin closes, it is asked to end, and killed if it has not within `wait_s`."""
        self.ended = True
        if self._transport is None or self.gone:
            return
        if self._stdin is not None:
            self._stdin.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            self._kill(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._exited.wait()
        self._close()
