"""Plug-ins run in a process of their own: in time or not at all, and without what the gateway knows."""

from __future__ import annotations

import time

import pytest

from gateway.guards.plugin import Plugin, PluginFailed

pytestmark = pytest.mark.anyio

HERE = "tests.gateway.guards.plugins_for_tests"


async def test_a_plug_in_finds_and_is_asked_again_in_the_same_process() -> None:
    plugin = Plugin(f"{HERE}:names", deadline_s=20)
    try:
        first = await plugin.detect(["ask Zaphod", "nobody"])
        assert [[hit[:3] for hit in hits] for hits in first] == [[(4, 10, "passport")], []]
        began = time.monotonic()
        await plugin.detect(["Zaphod"] * 50)
        assert time.monotonic() - began < 2
    finally:
        await plugin.close()


@pytest.mark.parametrize("factory", ["slow", "dies", "nonsense", "missing"])
async def test_one_that_fails_is_ended_and_says_nothing_of_the_text(factory: str) -> None:
    plugin = Plugin(f"{HERE}:{factory}", deadline_s=3)
    began = time.monotonic()
    with pytest.raises(PluginFailed) as failed:
        await plugin.detect(["my secret text"])
    assert time.monotonic() - began < 10
    assert "secret text" not in str(failed.value)
    assert plugin._process is None


async def test_the_worker_has_none_of_the_gateways_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLLHOUSE_SECRET", "x")
    plugin = Plugin(f"{HERE}:environment", deadline_s=20)
    try:
        assert await plugin.detect(["text"]) == [[]]
    finally:
        await plugin.close()
