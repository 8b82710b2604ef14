"""`tollhouse check`."""

from pathlib import Path

from tests.gateway.cli.commands import Commands


def test_the_configuration_is_printed_resolved_and_warnings_apart(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    said = commands.run("check")
    assert "steps: 4" in said.stdout
    assert "warning: master_key:" in said.stderr
    assert not (tmp_path / "tollhouse-data").exists()


def test_what_is_wrong_is_told_with_its_place_and_code_1(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.path.write_text("upstreams: [{name: a, kind: openai, api_key: env/NOT_SET_ANYWHERE}]")
    assert "upstreams[0].api_key: the environment variable NOT_SET_ANYWHERE" in commands.run("check", code=1).stderr
    assert "api_key: env/NOT_SET_ANYWHERE" in commands.run("check", "--no-secrets").stdout
    commands.path.unlink()
    assert "No such file" in commands.run("check", code=1).stderr
