"""What an act is, and figures in words."""

from collections.abc import Callable

from .screen import Screen
from .site import Site

Act = Callable[[Site, Screen], None]
"""Plays on the site and tells the screen what it claims; raises nothing but what `scene` expects of a broken site."""


def usd(nano_dollars: int) -> str:
    """Return nano-dollars as dollars, to the last digit that is not zero."""
    whole, part = divmod(nano_dollars, 1_000_000_000)
    return f"${whole}.{part:09d}".rstrip("0").ljust(len(str(whole)) + 4, "0")
