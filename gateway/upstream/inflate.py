"""Content codings, undone piece by piece under a bound: a small bomb must not become a large body.

We ask for `identity`; some servers compress anyway. gzip and deflate (RFC 1950, and raw RFC 1951 as sent by some) are
undone; anything else is refused.
"""

from __future__ import annotations

import zlib

PIECE_BYTES = 256 * 1024
AUTO_WINDOW = 47  # zlib: gzip or zlib header, found by itself
RAW_WINDOW = -15


class InflateError(Exception):
    """The body is not what its Content-Encoding says."""


class InflateTooLargeError(InflateError):
    """The body would unpack to more than its bound."""


class Inflate:
    """Unpacks one body; at most `size_bytes_max` bytes in all."""

    __slots__ = ("_left", "_started", "_zlib")

    def __init__(self, encoding: str, size_bytes_max: int) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise InflateError("a content coding that was not asked for")
        self._zlib = zlib.decompressobj(AUTO_WINDOW)
        self._left = size_bytes_max
        self._started = False

    def feed(self, packed: bytes) -> bytes:
        """Unpack what has arrived; raises `InflateError`."""
        out: list[bytes] = []
        while packed:
            if self._zlib.eof:  # gzip may hold several members
                self._zlib = zlib.decompressobj(AUTO_WINDOW)
            piece = self._piece(packed)
            self._left -= len(piece)
            if self._left < 0:
                raise InflateTooLargeError("unpacked body is larger than its bound")
            if piece:
                out.append(piece)
            packed = self._zlib.unconsumed_tail or self._zlib.unused_data
        return out[0] if len(out) == 1 else b"".join(out)

    def finish(self) -> None:
        """Raise `InflateError` if the body was cut."""
        if self._started and not self._zlib.eof:
            raise InflateError("the packed body is cut")

    def _piece(self, packed: bytes) -> bytes:
        size = min(PIECE_BYTES, self._left + 1)
        try:
            piece = self._zlib.decompress(packed, size)
        except zlib.error as error:
            if self._started:
                raise InflateError("the packed body is broken") from error
            self._zlib = zlib.decompressobj(RAW_WINDOW)
            try:
                piece = self._zlib.decompress(packed, size)
            except zlib.error:
                raise InflateError("the packed body is broken") from error
        self._started = True
        return piece
