"""The detectors that are scored side by side: ours in this process, others as plug-ins in their own environments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.detection.score import Scan
from gateway.guards import Detector, Hit
from gateway.guards.plugin import Plugin
from gateway.guards.policy import KINDS
from tests.clients.environments import environment

OTHERS = {
    "Presidio, blank pipeline": ("presidio", "gateway.detectors.presidio:detector"),
    "scrubadub, as it comes": ("scrubadub", "gateway.detectors.scrubbing:detector"),
}
OURS = "Tollhouse"
_BATCH = 50


def ours() -> Scan:
    """Return our own detector with every kind on."""
    detector, kinds = Detector(), frozenset(KINDS)
    return lambda texts: [detector.scan(text, kinds) for text in texts]


def other(name: str) -> Scan:
    """Return a detector of OTHERS; its process is started, and warm, before it is timed."""
    place, factory = OTHERS[name]
    python = str(environment(place))

    def scan(texts: Sequence[str]) -> list[list[Hit]]:
        return asyncio.run(_asked(factory, python, texts))

    return scan


async def _asked(factory: str, python: str, texts: Sequence[str]) -> list[list[Hit]]:
    plugin = Plugin(factory, deadline_s=120, python=python)
    try:
        found: list[list[Hit]] = []
        for at in range(0, len(texts), _BATCH):
            found += await plugin.detect(texts[at : at + _BATCH])
    finally:
        await plugin.close()
    return found
