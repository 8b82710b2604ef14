"""What is written in one turn of the loop goes out together, at its end.

A write wakes the process at the other end, and on a machine with few cores that costs more than all else of the write.
Made one after another, the writes of a turn find it awake. So a connection's transport is wrapped: `write` keeps the
piece, and the loop's next turn sends what came together; whatever ends a connection sends what is kept first.
"""

from __future__ import annotations

import asyncio
from typing import Any

_GATHERED_BYTES_MAX = 64 * 1024


class Outbox:
    """The transports of one event loop that have something to send."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[Gathering] = []

    def add(self, transport: Gathering) -> None:
        """Send what this transport keeps when the turn is over."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(transport)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


class Gathering:
    """A transport that writes at the end of the turn; all but writing and ending is the other's."""

    __slots__ = (
        *("_outbox", "_pieces", "_transport", "can_write_eof", "get_extra_info", "get_write_buffer_size"),
        *("is_closing", "pause_reading", "resume_reading", "set_protocol", "set_write_buffer_limits"),
    )

    def __init__(self, transport: Any, outbox: Outbox) -> None:
        self._transport = transport
        self._outbox = outbox
        self._pieces: list[bytes] = []
        self.can_write_eof = transport.can_write_eof
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.set_protocol = transport.set_protocol
        self.set_write_buffer_limits = transport.set_write_buffer_limits

    def write(self, data: Any) -> None:
        """Keep a piece for the turn's end; a large one goes at once."""
        if len(data) > _GATHERED_BYTES_MAX:
            self.flush()
            self._transport.write(data)
            return
        if not self._pieces:
            self._outbox.add(self)
        self._pieces.append(data)

    def flush(self) -> None:
        """Send what is kept."""
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def write_eof(self) -> None:
        """Send what is kept, then the end."""
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what is kept, then close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close now; what is kept is not sent."""
        self._pieces.clear()
        self._transport.abort()
