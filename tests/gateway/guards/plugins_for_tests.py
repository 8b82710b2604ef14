"""Detectors that a test's worker runs: one that works, and ones that fail in each way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

Span = tuple[int, int, str, str]


def names() -> Callable[[str, float], list[Span]]:
    """Find `Zaphod`, and print, which must harm nothing."""

    def detect(text: str, _deadline_s: float) -> list[Span]:
        print("found", text)  # noqa: T201 - what a plug-in might do
        return [(at, at + 6, "passport", "names") for at in range(len(text)) if text.startswith("Zaphod", at)]

    return detect


def slow() -> Callable[[str, float], list[Span]]:
    """Never answer in time."""

    def detect(_text: str, _deadline_s: float) -> list[Span]:
        time.sleep(60)
        return []

    return detect


def dies() -> Callable[[str, float], list[Span]]:
    """End the process."""

    def detect(_text: str, _deadline_s: float) -> list[Span]:
        os._exit(3)

    return detect


def nonsense() -> Callable[[str, float], list[Span]]:
    """Answer what is no span of the text."""
    return lambda text, _deadline_s: [(0, len(text) + 1, "passport", "x")]


def environment() -> Callable[[str, float], list[Span]]:
    """Find the text if the worker knows a secret of the gateway's environment."""
    return lambda text, _deadline_s: [(0, len(text), "secret", "x")] if "TOLLHOUSE_SECRET" in os.environ else []


def told_deadlines() -> Callable[[str, float], list[Span]]:
    """Find every text, under the deadline as its rule."""
    return lambda text, deadline_s: [(0, len(text), "secret", f"{deadline_s}")]
