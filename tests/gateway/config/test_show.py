"""Showing: what `check` prints is a configuration again, no secret is in it, and the page has every setting."""

import os
from pathlib import Path

from gateway.config import load
from gateway.config.show import resolved, settings, settings_table
from tests.gateway.operator import write_config
from tests.tree.source import ROOT

PAGE = ROOT / "docs" / "settings.md"


def test_what_is_shown_is_the_same_configuration_again(tmp_path: Path) -> None:
    config = load(write_config(tmp_path))
    again = tmp_path / "again.yaml"
    again.write_text(resolved(config))
    assert resolved(load(again)) == resolved(config)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("upstreams: [{name: a, kind: openai, api_key: env/KEY}]")
    config = load(path, environ={"KEY": "sk-live-1"})
    assert "sk-live-1" not in resolved(config) + repr(config) + str(config.model_dump())
    assert "api_key: env/KEY" in resolved(config)


def test_every_setting_says_what_it_means_and_what_it_may_be() -> None:
    for place, values, default, meaning in settings():
        assert values, place
        assert default, place
        assert meaning, place


def test_the_page_has_every_setting_as_it_is() -> None:
    head, mark, _ = PAGE.read_text().partition("| setting |")
    assert mark
    if "TOLLHOUSE_WRITE_DOCS" in os.environ:
        PAGE.write_text(head + settings_table())
    assert PAGE.read_text() == head + settings_table(), "TOLLHOUSE_WRITE_DOCS=1 pytest tests/gateway/config writes it"
