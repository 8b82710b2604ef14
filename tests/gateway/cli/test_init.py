"""`tollhouse init`: asks nothing, and what it leaves behind works."""

import re
import stat
from pathlib import Path

import pytest

from gateway.config import load
from tests.gateway.cli.commands import Commands
from tests.gateway.operator import opened


def fresh(tmp_path: Path) -> Commands:
    commands = Commands(tmp_path)
    commands.path.unlink()
    return commands


def test_the_keys_that_are_shown_open_what_they_should(tmp_path: Path) -> None:
    commands = fresh(tmp_path)
    said = commands.run("init", "--cap-usd", "3").stdout
    admin, client = re.findall(r"sk-th-\S+", said)
    with opened(load(commands.path, secrets=False)) as operator:
        keys = [operator.directory.key_of(token) for token in (admin, client)]
        assert [key and key.role for key in keys] == ["admin", "client"]
        tenant = operator.directory.tenant("default")
        assert tenant is not None
        assert [str(cap) for cap in tenant.caps] == ["nano_usd/month/hard/3000000000"]
    master = tmp_path / "tollhouse-data.master.key"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600
    assert "verified" in commands.run("audit", "verify").stdout


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ((), "openai"),
        (("--upstream", "vllm", "--model", "qwen", "--base-url", "http://10.0.0.5:8000/v1"), "openai_compatible"),
        (("--base-url", "http://127.0.0.1:9/v1", "--model", "m"), "openai"),
    ],
)
def test_the_file_that_is_written_is_a_configuration(tmp_path: Path, arguments: tuple[str, ...], kind: str) -> None:
    commands = fresh(tmp_path)
    commands.run("init", *arguments)
    config = load(commands.path, environ={"OPENAI_API_KEY": "sk-1"})
    assert config.upstreams[0].kind == kind
    assert config.models[0].targets[0].upstream == config.upstreams[0].name
    if arguments:
        assert config.upstreams[0].base_url == arguments[arguments.index("--base-url") + 1]


def test_nothing_is_overwritten_and_a_used_folder_keeps_its_keys(tmp_path: Path) -> None:
    commands = fresh(tmp_path)
    commands.run("init")
    before = commands.path.read_bytes()
    assert "left as it is" in commands.run("init", code=1).stderr
    assert commands.path.read_bytes() == before
    commands.path.unlink()
    assert "sk-th-" not in commands.run("init").stdout


def test_what_cannot_be_meant_is_wrong_usage(tmp_path: Path) -> None:
    commands = fresh(tmp_path)
    assert "--model is needed" in commands.run("init", "--upstream", "vllm", code=2).stderr
    assert "--cap-usd" in commands.run("init", "--cap-usd", "much", code=2).stderr
    assert not commands.path.exists()
