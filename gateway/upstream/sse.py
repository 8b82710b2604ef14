"""Server-sent events, read incrementally and bounded: chunks of bytes in, data payloads out, however it was cut.

The WHATWG event stream format: lines end in LF, CR or CRLF; a blank line ends an event; `data` lines join with LF;
a leading BOM, comments and other fields are dropped; an event that no blank line ends is not one. Nearly every vendor's
chunk is whole `data: {…}` events, and those are cut apart without a Python loop.
"""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"
EVENT_BYTES_MAX = 1024 * 1024


class SseTooLargeError(Exception):
    """One event is larger than its bound; the stream cannot be read on."""


class SseParser:
    """One stream. `event_bytes_max` bounds an event with all its lines (comments too), without the blank line."""

    __slots__ = ("_at_start", "_broken", "_event_bytes_max", "_last", "_pieces", "_size", "_skip_lf")

    def __init__(self, event_bytes_max: int = EVENT_BYTES_MAX) -> None:
        self._event_bytes_max = event_bytes_max
        self._pieces: list[bytes] = []  # the unfinished event; joined once it ends, so that tiny chunks stay linear
        self._size = 0
        self._last = b""
        self._skip_lf = False
        self._at_start = True
        self._broken = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the payloads that this chunk completes, in order.

        Raises `SseTooLargeError` at the first event over the bound; payloads before it in the same chunk come first,
        the error with the next call.
        """
        if self._broken:
            raise self._too_large()
        if self._skip_lf or b"\r" in chunk:
            chunk = self._unix_lines(chunk)
        if self._at_start:
            chunk = self._without_bom(chunk)
        if not chunk:
            return []
        if b"\n\n" not in chunk and not (self._last == b"\n" and chunk[:1] == b"\n"):
            return self._wait(chunk)
        if self._pieces:
            self._pieces.append(chunk)
            chunk = b"".join(self._pieces)
        if chunk.startswith(b"data: ") and chunk.endswith(b"\n\n"):
            payloads = chunk[6:-2].split(b"\n\ndata: ")
            limit = self._event_bytes_max
            if chunk.count(b"\n") == 2 * len(payloads) and (
                len(chunk) <= limit or len(max(payloads, key=len)) + 6 <= limit
            ):
                self._pieces = []
                self._size = 0
                self._last = b""
                return payloads
        return self._split(chunk)

    def finish(self) -> bool:
        """Whether the stream ended between events (True) or in the middle of one; raises as `feed` does."""
        self.feed(b"")
        return not self._size

    def _unix_lines(self, chunk: bytes) -> bytes:
        if self._skip_lf and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._skip_lf = False
        if chunk:
            self._skip_lf = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, chunk: bytes) -> bytes:
        if self._pieces:
            chunk = b"".join((*self._pieces, chunk))
            self._pieces = []
            self._size = 0
            self._last = b""
        if len(chunk) < len(BOM) and BOM.startswith(chunk):
            if chunk:
                self._wait(chunk)
            return b""
        self._at_start = False
        return chunk.removeprefix(BOM)

    def _wait(self, chunk: bytes) -> list[bytes]:
        self._pieces.append(chunk)
        self._size += len(chunk)
        self._last = chunk[-1:]
        if self._size > self._event_bytes_max + 1:  # the one more may be the first half of the blank line
            self._pieces = []
            raise self._too_large()
        return []

    def _too_large(self) -> SseTooLargeError:
        self._broken = True
        return SseTooLargeError(f"an event is larger than {self._event_bytes_max} bytes")

    def _split(self, chunk: bytes) -> list[bytes]:
        blocks = chunk.split(b"\n\n")
        rest = blocks.pop()
        self._pieces = []
        self._size = 0
        self._last = b""
        payloads: list[bytes] = []
        limit = self._event_bytes_max
        for block in blocks:
            if len(block) > limit:
                self._broken = True
                break
            if block.startswith(b"data: ") and b"\n" not in block:
                payloads.append(block[6:])
            elif (payload := _payload(block)) is not None:
                payloads.append(payload)
        if rest and not self._broken:
            self._pieces.append(rest)
            self._size = len(rest)
            self._last = rest[-1:]
            self._broken = self._size > limit + 1
        if self._broken and not payloads:
            raise self._too_large()
        return payloads


def _payload(block: bytes) -> bytes | None:
    values = []
    for line in block.split(b"\n"):
        if line.startswith(b"data:"):
            values.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line == b"data":
            values.append(b"")
    return b"\n".join(values) if values else None
