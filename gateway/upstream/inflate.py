"""Content codings, undone piece by piece under a bound: a small bomb must not become a large body.

We ask for `identity`; some servers compress anyway. gzip and deflate (RFC 1950, and raw RFC 1951 as sent by some) are
undone; anything else is refused.
"""

from __future__ import annotations

import zlib

PIECE_BYTES = 256 * 1024
GZIP_WINDOW = 31
ZLIB_WINDOW = 15
RAW_WINDOW = -15
ZLIB_HEAD_BYTES = 2


class InflateError(Exception):
    """The body is not what its Content-Encoding says."""


class InflateTooLargeError(InflateError):
    """The body would unpack to more than its bound."""


class Inflate:
    """Unpacks one body; at most `size_bytes_max` bytes in all."""

    __slots__ = ("_has_begun", "_head", "_is_gzip", "_left", "_zlib")

    def __init__(self, encoding: str, size_bytes_max: int) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise InflateError("a content coding that was not asked for")
        self._is_gzip = encoding != "deflate"
        self._zlib = zlib.decompressobj(GZIP_WINDOW) if self._is_gzip else None
        self._head = b""  # of a deflate body, until it shows whether it has zlib's two bytes
        self._left = size_bytes_max
        self._has_begun = False

    def feed(self, packed: bytes) -> bytes:
        """Unpack what has arrived; raises `InflateError`."""
        self._head += packed
        self._has_begun = self._has_begun or bool(packed)
        if self._zlib is None:
            if len(self._head) < ZLIB_HEAD_BYTES:
                return b""
            self._zlib = zlib.decompressobj(ZLIB_WINDOW if _is_zlib(self._head) else RAW_WINDOW)
        packed, self._head = self._head, b""
        out: list[bytes] = []
        is_full = False
        while packed or is_full:
            if self._zlib.eof:
                if not self._is_gzip:
                    raise InflateError("something follows the packed body")
                self._zlib = zlib.decompressobj(GZIP_WINDOW)  # gzip may hold several members
            size = min(PIECE_BYTES, self._left + 1)
            try:
                piece = self._zlib.decompress(packed, size)
            except zlib.error as error:
                raise InflateError("the packed body is broken") from error
            self._left -= len(piece)
            if self._left < 0:
                raise InflateTooLargeError("the unpacked body is larger than its bound")
            out.append(piece)
            is_full = len(piece) == size and not self._zlib.eof  # more may wait inside, with no input left
            packed = self._zlib.unconsumed_tail or self._zlib.unused_data
        return out[0] if len(out) == 1 else b"".join(out)

    def finish(self) -> None:
        """Raise `InflateError` if the body was cut; an empty body is whole."""
        if self._has_begun and (self._zlib is None or not self._zlib.eof):
            raise InflateError("the packed body is cut")


def _is_zlib(head: bytes) -> bool:
    """Whether these two bytes are a zlib header (RFC 1950, 2.2)."""
    return head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2]) % 31 == 0
