import dataclasses
import io

import httpx
import pytest

from gateway.demo import scene
from gateway.demo.acts import Act
from gateway.demo.book import book
from gateway.demo.screen import Screen
from gateway.demo.site import Site


def without_gateway(act: Act) -> Act:
    """Return an act that speaks with the provider itself and takes it for the gateway."""

    def bypassed(site: Site, screen: Screen) -> None:
        act(dataclasses.replace(site, gateway=site.provider), screen)

    return bypassed


def test_no_act_passes_if_the_gateway_is_not_in_between(screen: Screen, out: io.StringIO) -> None:
    acts = [without_gateway(act) for act in scene.ACTS if act is not book]
    assert not scene.play(screen, acts)
    told = out.getvalue().split("\n\n")
    acted = [part for part in told if part[:1].isdigit() and part[1:3] == "  "]
    assert len(acted) == len(acts)
    assert all("✗" in part for part in acted), out.getvalue()


def test_an_act_that_breaks_off_does_not_keep_the_next_from_playing(screen: Screen, out: io.StringIO) -> None:
    def broken(_: Site, screen: Screen) -> None:
        screen.act("Broken")
        raise httpx.ConnectError("nobody there")

    def good(_: Site, screen: Screen) -> None:
        screen.act("Good")
        screen.claim("it plays", holds=True)

    assert not scene.play(screen, [broken, good])
    assert "✗ the act broke off: ConnectError: nobody there" in out.getvalue()
    assert "✓ it plays" in out.getvalue()


def test_a_site_that_does_not_start_is_one_sentence_and_no_success(
    screen: Screen, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.demo.site.SCRIPT", {"rules": "no list"})
    assert not scene.play(screen)
    assert "✗ the provider did not start" in out.getvalue()
