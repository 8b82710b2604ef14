"""National and tax numbers that are written in digits."""

from __future__ import annotations


def national(buf: bytes, start: int, digits: str, sizes: tuple[int, ...], *, trusted: bool) -> tuple[str, str] | None:
    """Kind and rule of a number that some country issues, or None."""
    del buf, start, digits, sizes, trusted
    return None
