"""`tollhouse demo` ends with the scene's own result; the scene has tests of its own."""

from pathlib import Path

import pytest

from gateway.cli import demo
from tests.gateway.cli.commands import Commands


@pytest.mark.parametrize("result", [0, 1])
def test_the_command_ends_as_the_scene_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, result: int) -> None:
    monkeypatch.setattr(demo, "play", lambda: result)
    Commands(tmp_path).bare("demo", code=result)
