"""A shorter way between server and application than ASGI's messages: a body that is whole, an answer that is whole.

ASGI asks for two awaits and an event to read a body, and two messages to answer. Most calls arrive in one piece and are
answered in one, so the server puts a `Line` into the scope (`EXTENSION`), and `Client` uses it where it can. And a call
lives in a task of the application's: an application that has a method `begin` is asked whether it takes a request so,
without a task of the server's that would only wait.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

EXTENSION = "tollhouse.line"
Header = tuple[bytes, bytes]


class Line:
    """One request on its connection; all that it does, `receive` and `send` of the same request would do as well."""

    __slots__ = ("_cycle", "lost")

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle
        self.lost: Callable[[], None] | None = None
        """Called if the client leaves before its answer is complete."""

    def end(self) -> None:
        """Let go of the request; one that was not answered whole ends its connection."""
        cycle: Any = self._cycle
        if not cycle.response_complete:
            cycle.transport.close()
        self.lost = None
        cycle.scope["extensions"] = {}  # or both would keep each other

    def body(self) -> bytes | None:
        """Take the body if all of it is here, else None."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.response_complete:
            return None
        body = bytes(cycle.body)
        cycle.body = bytearray()
        cycle.message_event.clear()
        cycle.flow.resume_reading()
        return body

    def answer(self, status: int, headers: Sequence[Header], body: bytes) -> bool:
        """Write a whole answer at once, its length added; False if that cannot be done now."""
        cycle: Any = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        lines = [
            STATUS_LINE[status],
            *(b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)),
            b"content-length: %d\r\n" % len(body),
            b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n",
        ]
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) + (not cycle.keep_alive) or head.count(b"\r") != head.count(b"\n"):
            raise RuntimeError("a header of the answer holds a line end")
        cycle.transport.write(head + body)
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True
