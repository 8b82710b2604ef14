"""The scene: its acts in their order, each on its own; one that breaks off is a claim that does not hold."""

import sqlite3
import time
from collections.abc import Sequence

import httpx
import openai

from audit.errors import BookError

from .acts import Act
from .book import book
from .calls import calls
from .cap import cap
from .masking import masking
from .outage import outage
from .run import run
from .screen import Screen
from .site import SiteError, open_site

ACTS: tuple[Act, ...] = (calls, masking, run, cap, outage, book)
BROKEN = (openai.OpenAIError, httpx.HTTPError, BookError, OSError, LookupError, ValueError, sqlite3.Error)


def play(screen: Screen | None = None, acts: Sequence[Act] = ACTS) -> bool:
    """Play all acts and tell them on the screen; return whether every claim held."""
    screen = screen or Screen()
    start = time.monotonic()
    screen.title("Tollhouse", "a gateway and a scripted provider, on this machine only; nothing leaves it")
    try:
        with open_site() as site:
            screen.say("provider", site.provider.url)
            screen.say("gateway", f"{site.gateway.url}/v1, ready after {time.monotonic() - start:.1f} s")
            for act in acts:
                try:
                    act(site, screen)
                except BROKEN as error:
                    screen.claim(f"the act broke off: {type(error).__name__}: {error}"[:500], holds=False)
            if screen.broken:
                screen.say("gateway said", site.gateway.said())
    except SiteError as error:
        screen.claim(str(error), holds=False)
    screen.end(time.monotonic() - start)
    return not screen.broken
