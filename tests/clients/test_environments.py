"""Environments of other people's programs are made from where this machine gets its packages."""

from pathlib import Path

import pytest

from tests.clients.environments import pips_index


def test_an_index_that_pip_is_told_of_is_uvs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    settings = tmp_path / "pip.conf"
    settings.write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    here = pips_index()
    settings.write_text("[global]\nindex-url = http://127.0.0.1:1/simple\n")
    assert pips_index() == ["--default-index", "http://127.0.0.1:1/simple"] != here
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:2/simple")
    assert pips_index() == ["--default-index", "http://127.0.0.1:2/simple"]
