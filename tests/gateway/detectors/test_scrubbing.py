"""scrubadub itself, in an environment of its own: its findings as our kinds."""

import asyncio

import pytest

from gateway.guards.plugin import Plugin
from tests.clients.environments import environment

pytestmark = pytest.mark.anyio


async def test_its_findings_keep_their_places_and_take_our_kinds() -> None:
    python = await asyncio.to_thread(environment, "scrubadub")
    plugin = Plugin("gateway.detectors.scrubbing:detector", deadline_s=60, python=str(python))
    try:
        text = "mail jan@example.com, call +1 212 555 0199, see https://example.com"
        (hits,) = await plugin.detect([text])
    finally:
        await plugin.close()
    found = [(hit.kind, text[hit.start : hit.end], hit.rule) for hit in hits]
    assert found == [("email", "jan@example.com", "scrubadub.email"), ("phone", "+1 212 555 0199", "scrubadub.phone")]
