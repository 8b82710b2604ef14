"""One level of base64 (RFC 4648 §4 and §5): runs that decode to text are looked into, all others are left alone."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Sequence

from .findings import Hit
from .rule import Pattern, Rule

_RUN = r"[A-Za-z0-9+/_\-]{16,}={0,2}"
_ANY_RUN = Pattern(_RUN)
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_RUN_BYTES_MAX = 65_536


def _nothing(_buf: bytes, _taken: Sequence[Hit]) -> Iterable[Hit]:
    return ()


ENCODED = Rule("base64", frozenset(), r"[A-Za-z0-9+/_\-]{16}", "RFC 4648", _nothing)


def encoded_runs(buf: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Start, end and decoded text of every run that is base64 of readable text (UTF-8, no control characters)."""
    for start, end in _ANY_RUN.spans(buf):
        run = buf[start:end]
        # Of sixteen characters some are capitals, or it is a hash, a UUID or a name in a program.
        if end - start > _RUN_BYTES_MAX or run.islower():
            continue
        decoded = _readable(run)
        if decoded is not None:
            yield start, end, decoded


def _readable(run: bytes) -> bytes | None:
    body = run.rstrip(b"=").translate(_URL_SAFE)
    if len(body) % 4 == 1:
        return None
    # The first four characters give three bytes: almost no hash, key or path survives being looked at so far.
    head = binascii.a2b_base64(body[:4])
    if head.translate(None, _PRINTABLE) and head[0] < 0xC2:  # noqa: PLR2004 - the first lead byte of UTF-8
        return None
    decoded = binascii.a2b_base64(body + b"=" * (-len(body) % 4))
    if not decoded.translate(None, _PRINTABLE):
        return decoded
    try:
        text = decoded.decode()
    except UnicodeDecodeError:
        return None
    return decoded if text.isprintable() else None
