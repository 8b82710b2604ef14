"""The file that `init` writes: comments stand beside settings, and every known sort of upstream gives a valid one."""

from pathlib import Path

import pytest

from gateway.cli.template import KINDS, Choice, template
from gateway.config import parse
from gateway.config.values import Reading


@pytest.mark.parametrize("name", list(KINDS))
def test_every_known_upstream_gives_a_valid_file(name: str) -> None:
    kind = KINDS[name]
    text = template(Choice(kind, kind.base_url, kind.model or "some-model"))
    config = parse(text, Reading(Path("/nowhere"), {}, secrets=False))
    assert config.models[0].name == (kind.model or "some-model")
    assert max(map(len, text.splitlines())) <= 120
    assert "sk-" not in text
